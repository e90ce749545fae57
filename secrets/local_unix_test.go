//go:build unix

package secrets_test

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/secrets"
)

func TestAFileThatBlocksHoldsNobodyBeyondTheirContext(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()

	_, took, err := fetch(ctx, secrets.File{Path: path})

	require.ErrorIs(t, err, secrets.ErrTimeout)
	assert.Less(t, took, soon)
	// Let the reader go.
	pipe, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	require.NoError(t, pipe.Close())
}
