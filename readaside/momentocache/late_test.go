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
	"github.com/warmclient/warmclient/readaside/momentocache"
)

// A scripted client does in each Get what the test wants.
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
	refuses = func(context.Context) error {
		return momento.NewMomentoError(momento.LimitExceededError, "too many", nil)
	}
	unavailable = func(context.Context) error {
		return momento.NewMomentoError(momento.ServerUnavailableError, "reset", nil)
	}
	hangs = func(ctx context.Context) error {
		<-ctx.Done()
		if errors.Is(ctx.Err(), context.Canceled) {
			return momento.NewMomentoError(momento.CanceledError, "canceled", nil)
		}
		return momento.NewMomentoError(momento.TimeoutError, "deadline exceeded", nil)
	}
	timesOut = func(context.Context) error { // by itself
		return momento.NewMomentoError(momento.TimeoutError, "deadline exceeded", nil)
	}
)

// holderOf returns a holder that opens clients which all do what get points to,
// and the number of its opens.
func holderOf(get *func(context.Context) error) (*lazyclient.Holder[momento.CacheClient], *atomic.Int32) {
	var n atomic.Int32
	return &lazyclient.Holder[momento.CacheClient]{
		Open: func(context.Context) (momento.CacheClient, error) {
			n.Add(1)
			return &scripted{get: func(ctx context.Context) error { return (*get)(ctx) }}, nil
		},
	}, &n
}

func TestThreeCallsInARowThatEndInTheirDeadlineInvalidateTheirClient(t *testing.T) {
	type step = func(context.Context) error
	var leaves step // the caller cancels a call that hangs
	tests := map[string]struct {
		steps []step
		opens int32 // with one more call at the end
	}{
		"three":                   {[]step{hangs, hangs, hangs}, 2},
		"two":                     {[]step{hangs, hangs}, 1},
		"six":                     {[]step{hangs, hangs, hangs, hangs, hangs, hangs}, 3},
		"five":                    {[]step{hangs, hangs, hangs, hangs, hangs}, 2},
		"SDK's own timeouts":      {[]step{timesOut, hangs, timesOut}, 2},
		"an answer between":       {[]step{hangs, hangs, answers, hangs, hangs}, 1},
		"a refusal between":       {[]step{hangs, hangs, refuses, hangs, hangs}, 1},
		"a reset between":         {[]step{hangs, hangs, unavailable, hangs, hangs}, 1},
		"an answer before":        {[]step{hangs, answers, hangs, hangs, hangs}, 2},
		"refusals alone":          {[]step{refuses, refuses, refuses, unavailable, unavailable, unavailable}, 1},
		"a cancellation between":  {[]step{hangs, hangs, leaves, hangs}, 2},
		"cancellations count not": {[]step{hangs, hangs, leaves, leaves, leaves}, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var now step
				holder, opens := holderOf(&now)
				c := &momentocache.Cache{Client: holder, Name: "accounts"}
				for _, now = range tt.steps {
					ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
					if now == nil {
						now = hangs
						time.AfterFunc(time.Millisecond, cancel)
					}
					_, _ = c.Get(ctx, "k")
					cancel()
				}
				now = answers
				_, err := c.Get(t.Context(), "k")
				require.NoError(t, err)
				assert.Equal(t, tt.opens, opens.Load())
			})
		})
	}
}

// lateCalls makes n calls at the same time that end in their deadline.
func lateCalls(t *testing.T, c *momentocache.Cache, n int, limit time.Duration) {
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			_, err := c.Get(ctx, "k")
			assert.ErrorIs(t, err, context.DeadlineExceeded)
		})
	}
	wg.Wait()
}

func TestLateCallsThatRunAtTheSameTimeCountAsOne(t *testing.T) {
	for rounds, opened := range map[int]int32{2: 1, 3: 2} {
		synctest.Test(t, func(t *testing.T) {
			now := hangs
			holder, opens := holderOf(&now)
			c := &momentocache.Cache{Client: holder, Name: "accounts"}
			for range rounds {
				lateCalls(t, c, 5, 50*time.Millisecond)
			}
			now = answers
			_, err := c.Get(t.Context(), "k")
			require.NoError(t, err)
			assert.Equal(t, opened, opens.Load())
		})
	}
}

func TestLateCallsOnAnOldClientDoNotCountAgainstItsSuccessor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := hangs
		holder, opens := holderOf(&now)
		c := &momentocache.Cache{Client: holder, Name: "accounts"}
		var slow sync.WaitGroup
		slow.Go(func() { lateCalls(t, c, 2, 160*time.Millisecond) })
		synctest.Wait()
		for range 3 {
			lateCalls(t, c, 1, 50*time.Millisecond)
		}
		slow.Wait() // too late: their client is given up already
		for range 2 {
			lateCalls(t, c, 1, 50*time.Millisecond)
		}
		now = answers
		_, err := c.Get(t.Context(), "k")
		require.NoError(t, err)
		assert.EqualValues(t, 2, opens.Load())
	})
}

func TestAContextThatHadEndedBeforeTheCallCountsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := answers
		holder, opens := holderOf(&now)
		c := &momentocache.Cache{Client: holder, Name: "accounts"}
		require.NoError(t, holder.Warm(t.Context()))
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		time.Sleep(time.Second)
		for range 10 {
			_, err := c.Get(ctx, "k")
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		_, err := c.Get(t.Context(), "k")
		require.NoError(t, err)
		assert.EqualValues(t, 1, opens.Load())
	})
}

func TestACallWaitsForAColdOpenNoLongerThanItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		holder := &lazyclient.Holder[momento.CacheClient]{
			Open: func(context.Context) (momento.CacheClient, error) {
				opens++
				time.Sleep(time.Second)
				return &scripted{get: answers}, nil
			},
		}
		c := &momentocache.Cache{Client: holder, Name: "accounts"}
		budget := errors.New("over the cache's budget")
		for range 5 { // late calls without a client count against none
			start := time.Now()
			ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, budget)
			_, err := c.Get(ctx, "k")
			cancel()
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorIs(t, err, budget)
			assert.Equal(t, 50*time.Millisecond, time.Since(start))
		}
		_, err := c.Get(t.Context(), "k")
		require.NoError(t, err)
		assert.Equal(t, 1, opens, "the open went on and serves the next call")
	})
}

// sliced is a client that == panics on.
type sliced struct {
	*scripted
	_ []int
}

func TestAClientThatCannotBeComparedIsNeverInvalidated(t *testing.T) {
	c := &momentocache.Cache{Client: lazyclient.Of[momento.CacheClient](sliced{scripted: &scripted{get: timesOut}})}
	for range 6 {
		_, err := c.Get(t.Context(), "k")
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}
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
	value, err := c.Get(t.Context(), "k")
	require.NoError(t, err)
	assert.Equal(t, "v", string(value))
	assert.EqualValues(t, 2, n.opened.Load())
	assert.EqualValues(t, 1, n.released.Load())
}

func TestCallsMayRunSideBySideWhileClientsAreReplaced(t *testing.T) {
	s := newServer(t)
	c, n := newCache(t, s)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 40 {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				switch {
				case g == 0 && i%10 == 9:
					c.Client.Reset()
				case g == 1:
					assert.NoError(t, c.Set(ctx, "k", []byte("v"), time.Minute))
				case g == 2:
					assert.NoError(t, c.SetIfAbsent(ctx, "k", []byte("v"), time.Minute))
				default:
					_, err := c.Get(ctx, "k")
					assert.NoError(t, err)
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

func TestCallerWhoLeavesIsNoLateCallWhateverTheCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := hangs
		h, opened := holderOf(&now)
		c := &momentocache.Cache{Client: h, Name: "accounts"}
		for range 3 {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Millisecond, func() { cancel(context.DeadlineExceeded) })
			_, err := c.Get(ctx, "k")
			require.ErrorIs(t, err, context.Canceled)
		}
		now = answers
		_, err := c.Get(t.Context(), "k")
		require.NoError(t, err)
		assert.EqualValues(t, 1, opened.Load())
	})
}
