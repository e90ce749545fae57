package secrets_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/secrets"
)

func TestAPassingFaultIsRetriedWithinTheBudget(t *testing.T) {
	t.Parallel()
	s := serve(t, func(s *service, w http.ResponseWriter, _ *http.Request) {
		if s.requests.Load() < 3 {
			write(w, 503, `{}`)
			return
		}
		write(w, 200, valueOf("third time lucky"))
	})

	token, err := secrets.Load(t.Context(), source(s.url), "")

	require.NoError(t, err)
	assert.Equal(t, "third time lucky", token.Reveal())
	assert.Equal(t, int32(3), s.requests.Load())
}

func TestTheCallersEarlierDeadlineHolds(t *testing.T) {
	t.Parallel()
	s := serve(t, hang)
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, errors.New("the request is over"))
	defer cancel()

	_, took, err := fetch(ctx, source(s.url))

	require.ErrorIs(t, err, secrets.ErrTimeout)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "the request is over")
	assert.Less(t, took, soon)
}

func TestACallersCancelIsNeverATimeout(t *testing.T) {
	t.Parallel()
	gone := errors.New("the client hung up")
	for name, start := range map[string]func(t *testing.T, cancel func()) string{
		"while waiting for the answer": func(t *testing.T, cancel func()) string {
			return serve(t, func(s *service, w http.ResponseWriter, r *http.Request) {
				cancel()
				hang(s, w, r)
			}).url
		},
		"while reading the answer": func(t *testing.T, cancel func()) string {
			return serve(t, func(s *service, w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "65536")
				time.AfterFunc(60*time.Millisecond, cancel)
				drip(s, w, w.(http.Flusher).Flush, " ")
			}).url
		},
		"while reading an error": func(t *testing.T, cancel func()) string {
			return serve(t, func(s *service, w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "65536")
				w.WriteHeader(503)
				time.AfterFunc(60*time.Millisecond, cancel)
				drip(s, w, w.(http.Flusher).Flush, " ")
			}).url
		},
		"between attempts": func(t *testing.T, cancel func()) string {
			var once atomic.Bool
			return serve(t, func(_ *service, w http.ResponseWriter, _ *http.Request) {
				write(w, 500, `{}`)
				if once.CompareAndSwap(false, true) {
					time.AfterFunc(10*time.Millisecond, cancel)
				}
			}).url
		},
		"before the first": func(t *testing.T, cancel func()) string {
			cancel()
			return closedPort(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			src := source(start(t, func() { cancel(gone) }))

			_, took, err := fetch(ctx, src)

			var failure *secrets.Error
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, context.Canceled, failure.Kind)
			assert.ErrorIs(t, err, gone, "context.Cause")
			assert.NotErrorIs(t, err, secrets.ErrTimeout)
			assert.NotErrorIs(t, err, context.DeadlineExceeded)
			assert.Less(t, took, soon)
		})
	}
}

func TestACancelWhileTheExtensionIsAskedIsNeverATimeout(t *testing.T) {
	t.Parallel()
	gone := errors.New("the client hung up")
	for name, handle := range map[string]func(s *service, w http.ResponseWriter, r *http.Request){
		"while waiting":     hang,
		"between questions": func(_ *service, w http.ResponseWriter, _ *http.Request) { write(w, 400, notReady) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(30*time.Millisecond, func() { cancel(gone) })

			_, took, err := fetch(ctx, secrets.Extension{ID: secretID, Endpoint: serve(t, handle).url})

			var failure *secrets.Error
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, context.Canceled, failure.Kind)
			assert.ErrorIs(t, err, gone)
			assert.Less(t, took, soon)
		})
	}
}
