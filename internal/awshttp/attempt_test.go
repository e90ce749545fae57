package awshttp_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/internal/awshttp"
)

func TestAnAttemptEndsAtItsLimitWhichDoubles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, _, client := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		c := from(t, client).WithAttemptTimeout(400 * time.Millisecond)
		for i, want := range []time.Duration{400, 800, 1600, 3200} {
			start := time.Now()
			_, err := get(t.Context(), c, server.URL, i+1)
			assert.Equal(t, want*time.Millisecond, time.Since(start))
			require.ErrorContains(t, err, "no answer from 192.0.2.1:80 within the attempt's "+(want*time.Millisecond).String())
			assert.True(t, awshttp.Retryer(10, nil).IsErrorRetryable(err))
		}
	})
}

func TestTheCallersDeadlineIsNotAnAttemptsLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, _, client := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		c := from(t, client).WithAttemptTimeout(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		_, err := get(ctx, c, server.URL, 1)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestAnAttemptsLimitDoesNotCutTheBody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, _, client := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(90 * time.Millisecond)
			_ = http.NewResponseController(w).Flush()
			time.Sleep(time.Minute)
			_, _ = io.WriteString(w, "late")
		})
		c := from(t, client).WithAttemptTimeout(100 * time.Millisecond)
		text, err := get(t.Context(), c, server.URL, 1)
		require.NoError(t, err)
		assert.Equal(t, "late", text)
	})
}

func TestAfterAnAttemptsLimitNewCallsUseNewConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mute atomic.Bool
		server, p, client := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if mute.Load() {
				<-r.Context().Done()
			}
			time.Sleep(time.Millisecond)
			_, _ = io.WriteString(w, r.URL.Path)
		})
		c := from(t, client).WithAttemptTimeout(400 * time.Millisecond)
		for range 8 {
			go func() {
				_, err := get(t.Context(), c, server.URL, 1)
				assert.NoError(t, err)
			}()
		}
		time.Sleep(time.Second)
		require.Equal(t, 8, p.Dials())

		mute.Store(true)
		_, err := get(t.Context(), c, server.URL, 1)
		require.Error(t, err)
		mute.Store(false)

		text, err := get(t.Context(), c, server.URL+"/again", 2)
		require.NoError(t, err)
		assert.Equal(t, "/again", text)
		assert.Equal(t, 9, p.Dials(), "a new connection, not one of the seven")
		_, err = get(t.Context(), c, server.URL, 1)
		require.NoError(t, err)
		assert.Equal(t, 9, p.Dials(), "which is kept")
	})
}

func TestAnAttemptsLimitDoesNotEndOtherCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, _, client := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/mute" {
				<-r.Context().Done()
			}
			time.Sleep(700 * time.Millisecond)
			_, _ = io.WriteString(w, "slow")
		})
		c := from(t, client).WithAttemptTimeout(400 * time.Millisecond)
		slow := make(chan string)
		go func() {
			text, err := get(t.Context(), c, server.URL, 2)
			assert.NoError(t, err)
			slow <- text
		}()
		_, err := get(t.Context(), c, server.URL+"/mute", 1)
		require.Error(t, err)
		assert.Equal(t, "slow", <-slow)
	})
}

func TestAnAttemptsLimitWhileConnectingKeepsTheConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, p, client := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "here") })
		c := from(t, client.WithTransportOptions(func(tr *http.Transport) {
			tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
				time.Sleep(900 * time.Millisecond) // longer than either attempt
				return p.DialContext(ctx, network, addr)
			}
		})).WithAttemptTimeout(400 * time.Millisecond)
		_, err := get(t.Context(), c, server.URL, 1)
		require.Error(t, err)
		text, err := get(t.Context(), c, server.URL, 2)
		require.NoError(t, err)
		assert.Equal(t, "here", text)
		time.Sleep(time.Second)
		_, err = get(t.Context(), c, server.URL, 3)
		require.NoError(t, err, "the second dial's is there as well")
	})
}
