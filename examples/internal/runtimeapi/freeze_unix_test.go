//go:build unix

package runtimeapi_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/internal/runtimeapi"
)

func TestAFrozenProcessAnswersNothingUntilItIsThawed(t *testing.T) {
	t.Parallel()
	p := start(t, "plain", runtimeapi.Options{Timeout: time.Minute})
	invoke(t, p, do("answer"))
	require.NoError(t, p.Freeze())
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := p.Invoke(ctx, do("answer"))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, p.Thaw())
	invoke(t, p, do("answer"))
}

func TestAFrozenProcessIsThawedToBeShutDown(t *testing.T) {
	t.Parallel()
	p := start(t, "closes", runtimeapi.Options{})
	invoke(t, p, do("answer"))
	require.NoError(t, p.Freeze())
	require.NoError(t, p.Shutdown(t.Context()))
	assert.Contains(t, p.Log(), "closed")
}

func TestAFrozenProcessCanBeClosed(t *testing.T) {
	t.Parallel()
	p := start(t, "plain", runtimeapi.Options{})
	require.NoError(t, p.Ready(t.Context()))
	require.NoError(t, p.Freeze())
	require.NoError(t, p.Close())
	require.Error(t, p.Thaw())
}
