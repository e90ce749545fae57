package momentocache_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/momentohq/client-sdk-go/momento"
	"github.com/momentohq/client-sdk-go/responses"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/lazyclient"
	"github.com/warmclient/warmclient/readaside"
	"github.com/warmclient/warmclient/readaside/momentocache"
)

// A scripted client calls a function of the test in each Get.
type scripted struct {
	momento.CacheClient
	get func(ctx context.Context) error
}

func (c *scripted) Get(ctx context.Context, _ *momento.GetRequest) (responses.GetResponse, error) {
	if err := c.get(ctx); err != nil {
		return nil, err
	}
	return &responses.GetMiss{}, nil
}

// The ways in which a call on a scripted client may end.
var (
	answers = func(context.Context) error { return nil }
	hangs   = func(ctx context.Context) error {
		<-ctx.Done()
		if errors.Is(ctx.Err(), context.Canceled) {
			return momento.NewMomentoError(momento.CanceledError, "canceled", nil)
		}
		return momento.NewMomentoError(momento.TimeoutError, "deadline exceeded", nil)
	}
	timesOut = func(context.Context) error { // without a deadline of ctx
		time.Sleep(30 * time.Millisecond)
		return momento.NewMomentoError(momento.TimeoutError, "deadline exceeded", nil)
	}
)

// holderOf returns an open holder, whose clients all do what get points to, and the number of its
// opens.
func holderOf(t *testing.T, get *func(context.Context) error) (*lazyclient.Holder[momento.CacheClient], *atomic.Int32) {
	t.Helper()
	var n atomic.Int32
	h := &lazyclient.Holder[momento.CacheClient]{
		Open: func(context.Context) (momento.CacheClient, error) {
			n.Add(1)
			return &scripted{get: func(ctx context.Context) error { return (*get)(ctx) }}, nil
		},
		Stale: momentocache.IsStale,
	}
	require.NoError(t, h.Warm(t.Context()))
	return h, &n
}

// The rule itself is tested in package lateness.
func TestThreeLateCallsReplaceTheClientAndTheThirdNamesTheCause(t *testing.T) {
	for name, how := range map[string]func(context.Context) error{"deadline": hangs, "the SDK's own timeout": timesOut} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				now := how
				holder, opens := holderOf(t, &now)
				c := &momentocache.Cache{Client: holder, Name: "accounts"}
				read := func() error {
					ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
					defer cancel()
					_, err := c.Get(ctx, "k")
					return err
				}
				for range 2 {
					err := read()
					require.ErrorIs(t, err, context.DeadlineExceeded)
					require.False(t, momentocache.IsStale(err))
				}
				err := read()
				require.True(t, momentocache.IsStale(err), "%v", err)
				require.ErrorContains(t, err, "the connection is presumed dead")
				require.ErrorIs(t, err, readaside.ErrNotReady, "a new client is being opened")
				now = answers
				synctest.Wait()
				require.NoError(t, read())
				assert.EqualValues(t, 2, opens.Load())
			})
		})
	}
}

// refused is a client whose key is refused.
type refused struct{ momento.CacheClient }

func (refused) Delete(context.Context, *momento.DeleteRequest) (responses.DeleteResponse, error) {
	return nil, momento.NewMomentoError(momento.AuthenticationError, "no", nil)
}

func TestAWriteWhoseTimeRunsOutWhileItsClientIsReplacedIsNotReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var opens atomic.Int32
		holder := &lazyclient.Holder[momento.CacheClient]{
			Open: func(ctx context.Context) (momento.CacheClient, error) {
				if opens.Add(1) == 1 {
					return refused{}, nil
				}
				<-ctx.Done()
				return nil, ctx.Err()
			},
			Stale: momentocache.IsStale,
		}
		require.NoError(t, holder.Warm(t.Context()))
		c := &momentocache.Cache{Client: holder, Name: "accounts"}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		err := c.Delete(ctx, "k")
		require.ErrorIs(t, err, readaside.ErrNotReady, "no failure of the cache")
		require.True(t, momentocache.IsAuthError(err), "and why: %v", err)
		assert.EqualValues(t, 2, opens.Load())
		require.NoError(t, holder.Close(t.Context()))
	})
}

func TestASlowServiceIsReconnectedAtMostOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := hangs
		holder, opens := holderOf(t, &now)
		c := &momentocache.Cache{Client: holder, Name: "accounts"}
		start := time.Now()
		for time.Since(start) < 150*time.Second {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			_, err := c.Get(ctx, "k")
			cancel()
			require.Error(t, err)
			time.Sleep(time.Second)
		}
		assert.EqualValues(t, 1+3, opens.Load())
	})
}

func TestCallersWithLittleTimeLeftDoNotCostAHealthyClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := hangs
		holder, opens := holderOf(t, &now)
		c := &momentocache.Cache{Client: holder, Name: "accounts"}
		for range 10 {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Millisecond)
			_, err := c.Get(ctx, "k")
			cancel()
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		assert.EqualValues(t, 1, opens.Load())
	})
}

func TestAConnectionThatDiedUnnoticedIsReplacedAfterThreeCalls(t *testing.T) {
	s := newServer(t)
	c, n := newCache(t, s)
	require.NoError(t, c.Set(t.Context(), "k", []byte("v"), time.Minute))
	s.listener.killAll()
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		_, err := c.Get(ctx, "k")
		cancel()
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}
	eventually(t, get(t, c))
	value, err := c.Get(t.Context(), "k")
	require.NoError(t, err)
	assert.Equal(t, "v", string(value))
	assert.EqualValues(t, 2, n.opened.Load())
	require.Eventually(t, func() bool { return n.released.Load() == 1 }, 10*time.Second, time.Millisecond)
}

func TestCallsMayRunSideBySideWhileClientsAreReplaced(t *testing.T) {
	s := newServer(t)
	c, n := newCache(t, s)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 40 {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				var err error
				switch {
				case g == 0 && i%10 == 9:
					c.Client.Reset()
				case g == 1:
					assert.NoError(t, c.Set(ctx, "k", []byte("v"), time.Minute))
				case g == 2:
					_, err = c.SetIfAbsent(ctx, "k", []byte("v"), time.Minute)
				default:
					_, err = c.Get(ctx, "k")
				}
				if err != nil {
					assert.ErrorIs(t, err, readaside.ErrNotReady)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	assert.Greater(t, n.opened.Load(), int32(1))
	require.NoError(t, c.Client.Close(t.Context()))
	assert.Equal(t, n.opened.Load(), n.released.Load(), "every client is closed once")
}
