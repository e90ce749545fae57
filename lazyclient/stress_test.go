package lazyclient_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/lazyclient"
)

const stressTimeout = 20 * time.Millisecond

// resource is what the stress test's holders hold.
type resource struct{ leases, releases atomic.Int32 }

// world opens resources, badly at times, and notes what the holder does with them.
type world struct {
	t        *testing.T
	mayReset bool // without resets, only an overrun excuses a second open

	begun, ended atomic.Int64 // resets

	mu      sync.Mutex
	rng     *rand.Rand
	running map[*attempt]bool
	all     []*resource
}

type attempt struct {
	started time.Time
	resets  int64 // that had ended when its first caller came
}

type resetsKey struct{}

func (w *world) open(ctx context.Context) (*resource, error) {
	a := &attempt{started: time.Now(), resets: ctx.Value(resetsKey{}).(int64)}
	w.mu.Lock()
	for other := range w.running {
		// Either may be the one that was reset: goroutines need not start in the order of their go
		// statements.
		reset := w.begun.Load() > min(a.resets, other.resets)
		if time.Since(other.started) < stressTimeout && !reset {
			w.t.Error("two opens at a time, and none was abandoned")
		}
	}
	w.running[a] = true
	fate, d := w.rng.IntN(10), time.Duration(w.rng.IntN(10))*time.Millisecond
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.running, a)
	}()

	time.Sleep(d)
	switch fate {
	case 0:
		return nil, errDown
	case 1:
		panic("open")
	case 2:
		runtime.Goexit()
	case 3:
		time.Sleep(2 * stressTimeout) // ignores its context
	case 4:
		<-ctx.Done()
		return nil, ctx.Err()
	}
	r := &resource{}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, r)
	return r, nil
}

func (w *world) release(_ context.Context, r *resource) error {
	if r.leases.Load() != 0 {
		w.t.Error("released while leased")
	}
	if r.releases.Add(1) != 1 {
		w.t.Error("released twice")
	}
	return nil
}

// call does one random thing with h.
func (w *world) call(h *lazyclient.Holder[*resource], rng *rand.Rand) {
	defer func() {
		if r := recover(); r != nil {
			if p, ok := r.(*lazyclient.PanicError); !ok || p.Value != "open" {
				panic(r)
			}
		}
	}()
	ctx := context.WithValue(w.t.Context(), resetsKey{}, w.ended.Load())
	ctx, cancel := context.WithTimeout(ctx, time.Duration(rng.IntN(40))*time.Millisecond)
	defer cancel()
	var err error
	switch n := rng.IntN(100); {
	case n < 40:
		_, err = h.Get(ctx)
	case n < 90:
		err = h.Use(ctx, func(_ context.Context, r *resource) error {
			r.leases.Add(1)
			defer r.leases.Add(-1)
			time.Sleep(time.Duration(rng.IntN(5)) * time.Millisecond)
			if r.releases.Load() != 0 {
				w.t.Error("leased after its release")
			}
			if rng.IntN(10) == 0 {
				return errStale
			}
			return nil
		})
	case n < 94 && w.mayReset:
		w.begun.Add(1)
		h.Reset()
		w.ended.Add(1)
	default:
		if r, getErr := h.Get(ctx); getErr == nil {
			lazyclient.Invalidate(h, r)
		}
	}
	var failure *lazyclient.OpenError
	if err != nil && !errors.As(err, &failure) && !errors.Is(err, errStale) &&
		!errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, lazyclient.ErrClosed) {
		w.t.Errorf("unexpected error: %v", err)
	}
}

func TestInvariantsHoldUnderRandomUse(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { stress(t, seed) }) // reports goroutines that stay
		})
	}
}

func stress(t *testing.T, seed uint64) {
	w := &world{t: t, mayReset: seed%2 == 1, rng: rand.New(rand.NewPCG(seed, 0)), running: map[*attempt]bool{}}
	h := lazyclient.Holder[*resource]{
		Open: w.open, Release: w.release, Stale: isStale, Timeout: stressTimeout,
		Backoff: func(int) time.Duration { return time.Millisecond },
		MaxAge:  time.Duration(seed%3) * 10 * time.Millisecond,
	}
	var callers sync.WaitGroup
	for i := range uint64(24) {
		callers.Go(func() {
			rng := rand.New(rand.NewPCG(seed, i+1))
			for range 100 {
				start := time.Now()
				w.call(&h, rng)
				if took := time.Since(start); took > 60*time.Millisecond {
					t.Errorf("a caller waited for %v", took)
				}
				time.Sleep(time.Duration(rng.IntN(3)) * time.Millisecond)
			}
		})
	}
	time.Sleep(200 * time.Millisecond)
	w.begun.Add(1) // Close abandons what runs, as Reset does
	require.NoError(t, h.Close(t.Context()))
	require.ErrorIs(t, h.Warm(t.Context()), lazyclient.ErrClosed)
	callers.Wait()

	require.Empty(t, w.running)
	require.NotEmpty(t, w.all)
	for _, r := range w.all {
		require.EqualValues(t, 1, r.releases.Load(), "every opened value is released exactly once")
	}
}
