package readaside_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/readaside"
)

func TestThreeFailuresInARowOpenTheBreakerForASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.db.put(product{"1", "pen", 120})
		f.cache.hang("get")
		for range 3 {
			f.get(t, "1")
		}
		f.reset()
		time.Sleep(time.Second - 1)
		f.get(t, "1")
		require.Equal(t, []string{"get cache skipped", "load loaded"}, f.steps())
		require.Empty(t, f.cache.took())
		time.Sleep(1 * time.Nanosecond)
		f.get(t, "1") // the probe fails
		f.get(t, "1")
		require.Equal(t, []string{"get cache failed", "load loaded", "get cache skipped", "load loaded"}, f.steps())
		f.cache.hook(nil)
		time.Sleep(time.Second)
		f.get(t, "1")
		f.get(t, "1")
		require.Equal(t, []string{"get miss", "lease stored", "load loaded", "fill stored", "get hit"}, f.steps())
	})
}

func TestOneCallProbesAfterASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.cache.hang("get")
		for i := range 3 {
			_, _, _ = f.Get(t.Context(), fmt.Sprint(i))
		}
		time.Sleep(time.Second)
		f.reset()
		for i := range 10 {
			go func() { _, _, _ = f.Get(context.Background(), fmt.Sprint(i)) }()
		}
		time.Sleep(time.Second)
		require.Equal(t, []string{"get"}, f.cache.took())
	})
}

func TestASuccessEndsARowOfFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		for range 4 {
			f.cache.fail(errTest, "get")
			_, _, _ = f.Get(t.Context(), "1")
			_, _, _ = f.Get(t.Context(), "1")
			f.cache.hook(nil)
			_, _, _ = f.Get(t.Context(), "1")
		}
		require.NotContains(t, f.steps(), "get cache skipped")
	})
}

func TestACacheThatHangsOnWritesStillServesHits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.db.put(product{"hit", "pen", 120})
		f.get(t, "hit")
		f.cache.hang("set", "setifabsent", "setifequal", "delete")
		f.reset()
		began := time.Now()
		for i := range 200 {
			_, _, err := f.Get(t.Context(), fmt.Sprint(i))
			require.NoError(t, err)
		}
		require.Equal(t, 150*time.Millisecond, time.Since(began), "three leases, then the breaker is open")
		f.reset()
		f.get(t, "hit")
		require.Equal(t, []string{"get hit"}, f.steps())
	})
}

func TestCallersWithNinetyMillisecondsLeftTripTheBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.cache.hang()
		began := time.Now()
		for range 20 {
			ctx, cancel := context.WithTimeout(t.Context(), 90*time.Millisecond)
			_, _, err := f.Get(ctx, "1")
			require.NoError(t, err)
			cancel()
		}
		require.Equal(t, 3*45*time.Millisecond, time.Since(began))
	})
}

func TestACallWithLessThanHalfOfCacheTimeoutDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.cache.hang("get")
		for range 10 {
			ctx, cancel := context.WithTimeout(t.Context(), 49*time.Millisecond)
			_, _, err := f.Get(ctx, "1")
			require.NoError(t, err)
			cancel()
		}
		require.NotContains(t, f.steps(), "get cache skipped")
	})
}

func TestALeaseThatAJoinedCallerEndsCountsIfItHadHalfOfCacheTimeout(t *testing.T) {
	for had, counts := range map[time.Duration]bool{24 * time.Millisecond: false, 25 * time.Millisecond: true} {
		synctest.Test(t, func(t *testing.T) {
			f := newFixture(t)
			f.cache.hang("setifabsent")
			for i := range 4 {
				one := f.async(t.Context(), fmt.Sprint(i))
				synctest.Wait()
				ctx, cancel := context.WithTimeout(t.Context(), 2*had)
				two := f.async(ctx, fmt.Sprint(i))
				require.NoError(t, (<-one).err)
				require.NoError(t, (<-two).err)
				cancel()
			}
			require.Equal(t, counts, slices.Contains(f.steps(), "lease cache skipped"), "had %v", had)
		})
	}
}

func TestACallThatItsCallerCanceledDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.cache.hang("get")
		for range 10 {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Millisecond, func() { cancel(errTest) })
			_, _, err := f.Get(ctx, "1")
			require.Same(t, errTest, err)
		}
		require.NotContains(t, f.steps(), "get cache skipped")
	})
}

func TestACanceledThatTheCacheReturnsByItselfCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.cache.fail(context.Canceled, "get")
		for range 4 {
			_, _, err := f.Get(t.Context(), "1")
			require.NoError(t, err)
		}
		require.Contains(t, f.steps(), "get cache skipped")
	})
}

func TestErrNotReadyIsSkippedAndDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		notReady := fmt.Errorf("dialing: %w", readaside.ErrNotReady)
		get := func(err error) {
			f.cache.fail(err, "get")
			_, _, got := f.Get(t.Context(), "1")
			require.NoError(t, got)
		}
		for range 10 {
			get(notReady)
		}
		require.NotContains(t, f.steps(), "get cache failed")
		require.Len(t, f.cache.took(), 10, "the breaker stays closed, and there is no lease and no fill")

		get(errTest)
		get(errTest)
		get(notReady) // does not end the row
		get(errTest)
		f.reset()
		get(nil)
		require.Empty(t, f.cache.took(), "the breaker is open")
		time.Sleep(time.Second)
		get(notReady) // does not use up the probe
		f.reset()
		get(nil)
		require.Equal(t, "get miss", f.steps()[0])
	})
}

func TestASecondStepIsMadeWhileTheBreakerIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.db.put(product{"1", "pen", 120})
		f.get(t, "1")
		f.cache.fail(errTest, "setifabsent")
		for _, id := range []string{"a", "b", "c"} {
			_, _, _ = f.Get(t.Context(), id)
		}
		f.cache.hook(nil)
		f.reset()
		f.update(t, product{"1", "pen", 150})
		require.Equal(t, []string{"delete"}, f.cache.took())
		require.Equal(t, []string{"fence cache skipped", "unfence stored"}, f.steps())
		require.Equal(t, 150, f.get(t, "1").Cents)
		require.Equal(t, []string{"get miss", "lease cache skipped", "load loaded"}, f.steps(), "its success is not counted")

		time.Sleep(time.Second)
		f.cache.fail(errTest, "setifabsent")
		_, _, _ = f.Get(t.Context(), "a") // opens it again
		f.cache.fail(errTest)
		for range 3 {
			f.Invalidate(t.Context(), f.Changed("2")) // not counted: the second from now on is not put off
			time.Sleep(100 * time.Millisecond)
		}
		f.cache.hook(nil)
		time.Sleep(700 * time.Millisecond)
		f.reset()
		_, _, _ = f.Get(t.Context(), "b")
		require.Contains(t, f.cache.took(), "delete")
	})
}

func TestAGoexitOfTheCacheDoesNotUseUpTheProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.cache.hook(func(context.Context, string) error { runtime.Goexit(); return nil })
		for range 4 {
			go func() { _, _, _ = f.Get(context.Background(), "1") }()
			synctest.Wait()
		}
		require.Len(t, f.cache.took(), 3, "it is a failure")
		time.Sleep(time.Second)
		go func() { _, _, _ = f.Get(context.Background(), "1") }()
		synctest.Wait()
		f.cache.hook(nil)
		time.Sleep(time.Second)
		f.reset()
		_, _, err := f.Get(t.Context(), "1")
		require.NoError(t, err)
		require.Equal(t, "get miss", f.steps()[0])
	})
}
