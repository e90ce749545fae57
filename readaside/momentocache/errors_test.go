package momentocache_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/momentohq/client-sdk-go/config"
	"github.com/momentohq/client-sdk-go/momento"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/warmclient/warmclient/readaside/momentocache"
	"github.com/warmclient/warmclient/readaside/momentocache/momentotest"
)

func TestIsAuthErrorIsOnlyAboutTheToken(t *testing.T) {
	for code, want := range map[codes.Code]bool{
		codes.Unauthenticated: true, codes.PermissionDenied: false, codes.NotFound: false, codes.Unavailable: false,
	} {
		s := newServer(t)
		c, n := newCache(t, s)
		s.Inject(fail(code, "no"))
		_, err := c.Get(t.Context(), "k")
		require.Error(t, err)
		assert.Equal(t, want, momentocache.IsAuthError(err), "%v", code)
		if !want {
			assert.EqualValues(t, 1, n.opened.Load(), "%v", code)
		}
	}
	assert.False(t, momentocache.IsAuthError(nil))
	assert.False(t, momentocache.IsAuthError(errors.New("AuthenticationError")))
}

func TestACallsErrorJoinsWhatTheSDKHides(t *testing.T) {
	s := newServer(t)
	slow := errors.New("over the cache's budget")
	canceled := errors.New("the caller was canceled")
	within := func(d time.Duration) func(context.Context) (context.Context, context.CancelFunc) {
		return func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeoutCause(ctx, d, slow)
		}
	}
	canceling := func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancelCause(ctx)
		time.AfterFunc(20*time.Millisecond, func() { cancel(canceled) })
		return ctx, func() { cancel(nil) }
	}
	tests := map[string]struct {
		fault momentotest.Fault
		end   func(context.Context) (context.Context, context.CancelFunc)
		code  string
		is    []error
		isNot []error
		text  string
	}{
		"deadline": {
			hang, within(20 * time.Millisecond), momento.TimeoutError,
			[]error{context.DeadlineExceeded, slow}, []error{context.Canceled}, ": TimeoutError: ",
		},
		"cancellation": {
			hang, canceling, momento.CanceledError,
			[]error{context.Canceled, canceled}, []error{context.DeadlineExceeded}, ": the caller was canceled",
		},
		"the SDK's own timeout": {
			hang, within(time.Minute), momento.TimeoutError,
			[]error{context.DeadlineExceeded}, []error{context.Canceled, slow}, ": TimeoutError: ",
		},
		"an answer": {
			fail(codes.NotFound, "no such cache"), within(time.Minute), momento.CacheNotFoundError,
			nil, []error{context.Canceled, context.DeadlineExceeded, slow}, ": NotFoundError: no such cache",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s.Heal()
			o := s.opener(t)
			o.Config = config.LambdaLatestWithLogger(quiet).WithClientTimeout(500 * time.Millisecond)
			c, _ := cacheOf(t, o)
			s.Inject(tt.fault)
			for op, call := range map[string]func(context.Context) error{
				"get from": func(ctx context.Context) error { _, err := c.Get(ctx, "k"); return err },
				"set in":   func(ctx context.Context) error { return c.Set(ctx, "k", nil, time.Minute) },
			} {
				ctx, cancel := tt.end(t.Context())
				defer cancel()
				err := call(ctx)
				sdk, ok := errors.AsType[momento.MomentoError](err)
				require.True(t, ok, "%v", err)
				assert.Equal(t, tt.code, sdk.Code())
				for _, want := range tt.is {
					assert.ErrorIs(t, err, want)
				}
				for _, other := range tt.isNot {
					assert.NotErrorIs(t, err, other)
				}
				assert.Regexp(t, `^momentocache: `+op+` cache "accounts": `+sdk.Code()+`: `, err.Error())
				assert.Contains(t, err.Error(), tt.text)
				assert.NotContains(t, err.Error(), "\n")
			}
		})
	}
}

func TestADeadlineReportedEarlyByTheServerIsTheContextsDeadline(t *testing.T) {
	slow := errors.New("over the cache's budget")
	for early, own := range map[time.Duration]bool{time.Millisecond: true, 20 * time.Millisecond: false} {
		synctest.Test(t, func(t *testing.T) {
			tells := func(context.Context) error {
				time.Sleep(50*time.Millisecond - early)
				return momento.NewMomentoError(momento.TimeoutError, "deadline exceeded", nil)
			}
			holder, _ := holderOf(t, &tells)
			c := &momentocache.Cache{Client: holder, Name: "accounts"}
			ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, slow)
			defer cancel()
			start := time.Now()
			_, err := c.Get(ctx, "k")
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, own, errors.Is(err, slow))
			if own {
				assert.Equal(t, 50*time.Millisecond, time.Since(start))
			} else {
				assert.Equal(t, 50*time.Millisecond-early, time.Since(start))
			}
		})
	}
}

func TestAnEndedContextMakesNoCall(t *testing.T) {
	s := newServer(t)
	c, n := coldCacheOf(t, s.opener(t))
	why := errors.New("the caller was canceled")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	_, err := c.Get(ctx, "k")
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, why)
	require.EqualError(t, err, `momentocache: get from cache "accounts": the caller was canceled`)
	assert.Zero(t, n.opened.Load())
	assert.Zero(t, s.Requests(""))
}

func TestAnEmptyKeyOrNameIsRefusedBeforeTheWire(t *testing.T) {
	s := newServer(t)
	c, _ := newCache(t, s)
	before := s.Requests("")
	_, err := c.Get(t.Context(), "")
	require.ErrorContains(t, err, "InvalidArgumentError")
	nameless := &momentocache.Cache{Client: c.Client}
	require.ErrorContains(t, nameless.Set(t.Context(), "k", nil, time.Minute), "InvalidArgumentError")
	assert.Equal(t, before, s.Requests(""))
}
