package readaside_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/readaside"
	"github.com/warmclient/warmclient/readaside/cachetest"
)

// stubborn returns a cache that ignores its contexts: its calls take d.
func stubborn(d time.Duration) *cache {
	c := newCache()
	c.hook(func(context.Context, string) error { time.Sleep(d); return nil })
	return c
}

func TestDetachPassesTheConformanceSuite(t *testing.T) {
	cachetest.Run(t, func(*testing.T) readaside.Cache { return readaside.Detach(cachetest.NewMemory(), 64) })
}

func TestDetachPanicsForALimitBelowOne(t *testing.T) {
	require.Panics(t, func() { readaside.Detach(newCache(), 0) })
}

func TestDetachReturnsWhenTheContextIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := readaside.Detach(stubborn(time.Minute), 8)
		for name, call := range map[string]func(context.Context) error{
			"Get":         func(ctx context.Context) error { _, err := c.Get(ctx, "k"); return err },
			"Set":         func(ctx context.Context) error { return c.Set(ctx, "k", nil, 1) },
			"SetIfAbsent": func(ctx context.Context) error { _, err := c.SetIfAbsent(ctx, "k", nil, 1); return err },
			"SetIfEqual":  func(ctx context.Context) error { _, err := c.SetIfEqual(ctx, "k", nil, nil, 1); return err },
			"Delete":      func(ctx context.Context) error { return c.Delete(ctx, "k") },
		} {
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errTest)
			began := time.Now()
			require.ErrorIs(t, call(ctx), errTest, name)
			require.Equal(t, time.Second, time.Since(began), name)
			require.ErrorIs(t, call(ctx), errTest, "and is not called when it is done before")
			cancel()
		}
		time.Sleep(time.Hour)
	})
}

func TestDetachLimitsCallsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := stubborn(time.Second)
		c := readaside.Detach(s, 3)
		var ended atomic.Int32
		for range 7 {
			go func() {
				_, _ = c.Get(context.Background(), "k")
				ended.Add(1)
			}()
		}
		synctest.Wait()
		require.Len(t, s.took(), 3)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err := c.Get(ctx, "k")
		require.ErrorContains(t, err, "too many calls")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		require.EqualValues(t, 7, ended.Load())
	})
}

func TestDetachFailsAtOnceWhileAllCallsAreAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := stubborn(time.Minute)
		c := readaside.Detach(s, 2)
		waiting := make(chan error, 1)
		for range 2 {
			go func() {
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				_, _ = c.Get(ctx, "k")
			}()
		}
		synctest.Wait()
		go func() { waiting <- c.Delete(context.Background(), "k") }()
		began := time.Now()
		require.ErrorContains(t, <-waiting, "abandoned")
		require.Equal(t, time.Second, time.Since(began), "one that waits already fails, too")
		require.ErrorContains(t, c.Delete(t.Context(), "k"), "abandoned")
		require.Equal(t, time.Second, time.Since(began))

		s.hook(nil)
		time.Sleep(time.Minute)
		for range 5 {
			require.NoError(t, c.Delete(t.Context(), "k"))
		}
	})
}

func TestDetachMakesAPanicAndAGoexitAnError(t *testing.T) {
	s := newCache()
	c := readaside.Detach(s, 1)
	s.hook(func(context.Context, string) error { panic(errTest) })
	_, err := c.Get(t.Context(), "k")
	require.ErrorIs(t, err, errTest)
	s.hook(func(context.Context, string) error { runtime.Goexit(); return nil })
	_, err = c.Get(t.Context(), "k")
	require.ErrorContains(t, err, "Goexit")
	s.hook(nil)
	_, err = c.Get(t.Context(), "k")
	require.NoError(t, err, "its slot is free again")
}

func TestALoadThatReturnsThePanicOfADetachedCacheDoesNotPanic(t *testing.T) {
	c := newCache()
	c.hook(func(context.Context, string) error { panic(errTest) })
	detached := readaside.Detach(c, 1)
	f := newFixture(t, withoutCache)
	f.db.hooks(func(ctx context.Context) error {
		_, err := detached.Get(ctx, "k")
		return err
	}, nil)
	_, _, err := f.Get(t.Context(), "1")
	require.ErrorIs(t, err, errTest)
	_, _, err = f.Fresh(t.Context(), "1")
	require.ErrorIs(t, err, errTest)
}

func TestAThousandCallersOfADetachedCacheGetTheirHits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := stubborn(time.Millisecond)
		f := newFixture(t, func(o *readaside.Options, _ *readaside.Entity[string, product]) { o.Cache = readaside.Detach(s, 64) })
		f.db.put(product{"1", "pen", 120})
		f.get(t, "1")
		f.reset()
		for range 1000 {
			go func() { _, _, _ = f.Get(context.Background(), "1") }()
		}
		time.Sleep(time.Second)
		require.Zero(t, f.db.took())
	})
}

func TestACacheThatIgnoresItsContextCostsCacheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, func(o *readaside.Options, _ *readaside.Entity[string, product]) {
			o.Cache = readaside.Detach(stubborn(time.Minute), 2)
		})
		f.db.put(product{"1", "pen", 120})
		began := time.Now()
		f.get(t, "1")
		f.update(t, product{"1", "pen", 150})
		require.Equal(t, 150, f.get(t, "1").Cents)
		require.LessOrEqual(t, time.Since(began), 200*time.Millisecond)
		time.Sleep(time.Hour)
	})
}
