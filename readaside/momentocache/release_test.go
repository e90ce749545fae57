package momentocache_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/momentohq/client-sdk-go/momento"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/readaside/momentocache"
)

// closer is a client of which only the end matters.
type closer struct {
	momento.CacheClient
	close func()
}

func (c closer) Close() { c.close() }

func TestReleaseClosesTheClient(t *testing.T) {
	s := newServer(t)
	client, err := opener(t, s.addr).Open(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, s.listener.open())
	closed(t, momentocache.Release(t.Context(), client))
	requireNoClientLeft(t)
	require.Eventually(t, func() bool { return s.listener.open() == 0 }, 5*time.Second, 5*time.Millisecond)

	require.NoError(t, momentocache.Release(t.Context(), nil))
}

func TestReleaseGivesACloseThatHangsAMomentAndNoMore(t *testing.T) {
	late := errors.New("out of time")
	for name, c := range map[string]struct {
		limit time.Duration
		took  time.Duration
		want  error
	}{
		"a long time left": {time.Minute, 5 * time.Millisecond, context.DeadlineExceeded},
		"a short one":      {2 * time.Millisecond, 2 * time.Millisecond, late},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				closed := false
				client := closer{close: func() { time.Sleep(5 * time.Second); closed = true }}
				ctx, cancel := context.WithTimeoutCause(t.Context(), c.limit, late)
				defer cancel()
				start := time.Now()
				err := momentocache.Release(ctx, client)
				require.ErrorIs(t, err, c.want)
				require.ErrorContains(t, err, "close the client: still busy")
				assert.Equal(t, c.took, time.Since(start))

				time.Sleep(time.Minute)
				synctest.Wait()
				assert.True(t, closed, "Close goes on")
			})
		})
	}
}

func TestAPanicInCloseIsReleases(t *testing.T) {
	assert.PanicsWithValue(t, "boom", func() {
		_ = momentocache.Release(t.Context(), closer{close: func() { panic("boom") }})
	})
}
