//go:build unix

package readaside_test

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/readaside"
)

func TestALoadWhoseTimeEndsInAFreezeKeepsItsError(t *testing.T) {
	f := newFixture(t, func(_ *readaside.Options, e *readaside.Entity[string, product]) {
		e.LoadTimeout = 100 * time.Millisecond
	})
	freezes := make(chan *exec.Cmd, 1)
	f.db.hooks(func(ctx context.Context) error {
		freeze := exec.CommandContext(t.Context(), "sh", "-c", `kill -STOP "$0"; sleep 0.3; kill -CONT "$0"`, strconv.Itoa(os.Getpid()))
		if err := freeze.Start(); err != nil {
			return err
		}
		freezes <- freeze
		<-ctx.Done()
		return errTest
	}, nil)
	var err error
	for range 3 { // a busy machine may take longer than the moment that Load is waited for
		_, _, err = f.Fresh(t.Context(), "1")
		require.NoError(t, (<-freezes).Wait())
		if err == errTest {
			break
		}
	}
	require.Same(t, errTest, err)
}
