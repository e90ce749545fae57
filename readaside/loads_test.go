package readaside_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/readaside"
)

func TestAWriteLetsTheNextLoadBeginWithoutWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, g := newFixture(t, withoutCache), &gate{}
		f.db.put(product{"1", "pen", 120})
		g.hold(f)
		old := f.async(t.Context(), "1")
		require.Equal(t, 1, g.begun())
		waiting := f.async(t.Context(), "1")
		require.Equal(t, 1, g.begun())
		f.update(t, product{"1", "pen", 150})
		require.Equal(t, 2, g.begun(), "the load that waited begins")
		g.pass(1)
		require.Equal(t, 150, (<-waiting).p.Cents)
		fresh := f.async(t.Context(), "1")
		require.Equal(t, 3, g.begun(), "and so does the next one")
		g.pass(2)
		require.Equal(t, 150, (<-fresh).p.Cents)
		g.pass(0)
		require.Equal(t, 120, (<-old).p.Cents)
	})
}

func TestALoadThatAWriteForgotDoesNotEndItsSuccessor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, g := newFixture(t, withoutCache), &gate{}
		g.hold(f)
		one := f.async(t.Context(), "1")
		g.begun()
		f.Invalidate(t.Context(), f.Changed("1"))
		two := f.async(t.Context(), "1")
		require.Equal(t, 2, g.begun())
		g.pass(0)
		<-one
		three := f.async(t.Context(), "1")
		require.Equal(t, 2, g.begun(), "it waits for the second")
		g.pass(1)
		<-two
		require.Equal(t, 3, g.begun())
		g.pass(2)
		<-three
	})
}

func TestAtMostOneLoadOfAKeyRunsAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, withoutCache)
		var running, most atomic.Int32
		f.db.hooks(func(context.Context) error {
			if n := running.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(10 * time.Millisecond)
			running.Add(-1)
			return nil
		}, nil)
		for i := range 100 {
			go func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				_, _, _ = f.Get(context.Background(), "1")
			}()
		}
		time.Sleep(time.Second)
		require.EqualValues(t, 1, most.Load())
		require.Equal(t, 11, f.db.took())
	})
}

func TestABurstIsTwoLoadsWithoutALease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, g := newFixture(t, withoutCache), &gate{}
		g.hold(f)
		one := f.async(t.Context(), "1")
		g.begun()
		var burst []<-chan answer
		for range 1000 {
			burst = append(burst, f.async(t.Context(), "1"))
		}
		g.begun()
		f.db.hooks(nil, nil) // the next load may end before all that waited for it have woken
		g.pass(0)
		for _, ch := range append(burst, one) {
			require.NoError(t, (<-ch).err)
		}
		require.Equal(t, 2, f.db.took())
	})
}

func TestGetReturnsCauseAtOnceWhenCallersContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, g := newFixture(t), &gate{}
		f.db.put(product{"1", "pen", 120})
		g.hold(f)
		ctx, cancel := context.WithCancelCause(t.Context())
		one := f.async(ctx, "1")
		two := f.async(t.Context(), "1")
		g.begun()
		cancel(errTest)
		require.Same(t, errTest, (<-one).err)
		_, _, err := f.Get(ctx, "1")
		require.Same(t, errTest, err)
		g.pass(0)
		require.Equal(t, 120, (<-two).p.Cents, "canceling one caller does not cancel the load")
		require.Contains(t, f.steps(), "fill stored", "the first caller that is still there fills")
	})
}

func TestALoadWhoseCallersAreAllCanceledRunsOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		ended := make(chan error, 1)
		f.db.hooks(func(ctx context.Context) error {
			time.Sleep(100 * time.Millisecond)
			ended <- ctx.Err()
			return nil
		}, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, _, err := f.Get(ctx, "1")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NoError(t, <-ended)
		synctest.Wait()
		require.Equal(t, []string{"get miss", "lease stored", "load loaded"}, f.steps())
	})
}

func TestANextLoadWithoutAWaiterDoesNotStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, g := newFixture(t, withoutCache), &gate{}
		g.hold(f)
		one := f.async(t.Context(), "1")
		g.begun()
		ctx, cancel := context.WithCancel(t.Context())
		two, three := f.async(ctx, "1"), f.async(ctx, "1")
		g.begun()
		goroutines := runtime.NumGoroutine()
		cancel()
		<-two
		<-three
		synctest.Wait()
		require.Equal(t, goroutines-2, runtime.NumGoroutine(), "the two callers")
		g.pass(0)
		<-one
		require.Equal(t, 1, g.begun())
	})
}

func TestOneCallerFillsAndTheOthersReturnAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, g := newFixture(t), &gate{}
		f.db.put(product{"1", "pen", 120})
		g.hold(f)
		f.cache.hang("setifequal")
		var slow, quick atomic.Int32
		var wg sync.WaitGroup
		began := time.Now()
		for range 10 {
			wg.Go(func() {
				_, _, _ = f.Get(context.Background(), "1")
				if time.Since(began) > 0 {
					slow.Add(1)
				} else {
					quick.Add(1)
				}
			})
		}
		g.begun()
		g.pass(0)
		wg.Wait()
		require.EqualValues(t, 1, slow.Load())
		require.EqualValues(t, 9, quick.Load())
	})
}

func TestACallerWhoseGetFailedOrWasSkippedDoesNotFill(t *testing.T) {
	for _, fault := range []error{errTest, readaside.ErrNotReady} {
		synctest.Test(t, func(t *testing.T) {
			f, g := newFixture(t), &gate{}
			g.hold(f)
			leased := make(chan struct{})
			f.cache.hook(func(ctx context.Context, call string) error {
				switch {
				case call == "setifabsent":
					<-leased
				case call == "get" && ctx.Value(key{}) != nil:
					return fault
				}
				return nil
			})
			ctx, cancel := context.WithCancel(t.Context())
			one := f.async(ctx, "1")
			synctest.Wait()
			two := f.async(context.WithValue(t.Context(), key{}, true), "1")
			synctest.Wait()
			close(leased)
			g.begun()
			cancel()
			<-one
			g.pass(0)
			<-two
			require.NotContains(t, f.cache.took(), "setifequal", "%v", fault)
		})
	}
}

type key struct{}

func TestLoadsOfDifferentKeysRunAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, g := newFixture(t), &gate{}
		g.hold(f)
		var answers []<-chan answer
		for i := range 5 {
			answers = append(answers, f.async(t.Context(), fmt.Sprint(i)))
		}
		require.Equal(t, 5, g.begun())
		for i := range answers {
			g.pass(i)
		}
		for _, ch := range answers {
			require.NoError(t, (<-ch).err)
		}
	})
}
