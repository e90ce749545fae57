package readaside_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/readaside"
)

func TestGetTakesAFailureOfTheCacheForAMiss(t *testing.T) {
	for name, fail := range map[string]func(context.Context, string) error{
		"error":   func(context.Context, string) error { return errTest },
		"timeout": func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() },
		"panic":   func(context.Context, string) error { panic("test panic") },
	} {
		for _, call := range []string{"get", "setifabsent", "setifequal"} {
			t.Run(name+" of "+call, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newFixture(t)
					f.db.put(product{"1", "pen", 120})
					f.cache.hook(func(ctx context.Context, c string) error {
						if c == call {
							return fail(ctx, c)
						}
						return nil
					})
					require.Equal(t, 120, f.get(t, "1").Cents)
					steps := f.steps()
					require.Contains(t, steps, map[string]string{
						"get": "get cache failed", "setifabsent": "lease cache failed", "setifequal": "fill cache failed",
					}[call])
					if call == "get" {
						require.Equal(t, []string{"get"}, f.cache.took(), "no lease and no fill after a failed Get")
					}
				})
			})
		}
	}
}

// slow lets each call of the cache take d, or until its context is done.
func slow(f *fixture, d map[string]time.Duration) {
	f.cache.hook(func(ctx context.Context, call string) error {
		select {
		case <-time.After(d[call]):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}

func TestCacheCallsOfAReadShareOneTimeout(t *testing.T) {
	for _, d := range []map[string]time.Duration{
		{"get": 30 * time.Millisecond, "setifabsent": time.Hour},
		{"get": 30 * time.Millisecond, "setifequal": time.Hour},
		{"setifabsent": 30 * time.Millisecond, "setifequal": time.Hour},
		{"get": time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := newFixture(t)
			f.db.put(product{"1", "pen", 120})
			slow(f, d)
			began := time.Now()
			require.Equal(t, 120, f.get(t, "1").Cents)
			require.Equal(t, 50*time.Millisecond, time.Since(began), "%v", d)
		})
	}
}

// getWithin gets product 1 with a deadline after limit, and returns how long that took.
func (f *fixture) getWithin(t *testing.T, limit time.Duration) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	began := time.Now()
	p, found, err := f.Get(ctx, "1")
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, 120, p.Cents)
	return time.Since(began)
}

func TestTheCacheTakesHalfOfTheCallersTimeAtMost(t *testing.T) {
	for _, call := range []string{"get", "setifabsent", "setifequal"} {
		synctest.Test(t, func(t *testing.T) {
			f := newFixture(t)
			f.db.put(product{"1", "pen", 120})
			f.cache.hang(call)
			require.Equal(t, 20*time.Millisecond, f.getWithin(t, 40*time.Millisecond), call)
		})
	}
}

func TestAFillTakesHalfOfTheTimeThatTheLoadLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.db.put(product{"1", "pen", 120})
		f.db.hooks(nil, func() { time.Sleep(60 * time.Millisecond) })
		f.cache.hang("setifequal")
		require.Equal(t, 75*time.Millisecond, f.getWithin(t, 90*time.Millisecond))
	})
}

func TestACallersEndDuringTheFillReturnsTheValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.db.put(product{"1", "pen", 120})
		ctx, cancel := context.WithCancel(t.Context())
		f.cache.hook(func(ctx context.Context, call string) error {
			if call == "setifequal" {
				cancel()
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		})
		p, found, err := f.Get(ctx, "1")
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, 120, p.Cents)
	})
}

func TestALeaseCostsACallerNoMoreThanItsOwnTime(t *testing.T) {
	for _, first := range []time.Duration{0, time.Millisecond} { // the hurried caller joins early, or while the lease hangs
		synctest.Test(t, func(t *testing.T) {
			f := newFixture(t)
			f.db.put(product{"1", "pen", 120})
			f.cache.hang("setifabsent")
			go func() { _, _, _ = f.Get(context.Background(), "1") }()
			time.Sleep(first)
			require.Equal(t, 10*time.Millisecond, f.getWithin(t, 20*time.Millisecond))
		})
	}
}

func TestALeaseTakesHalfOfTheTimeOfACallerThatWaitedForALoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, g := newFixture(t), &gate{}
		g.hold(f)
		f.cache.fail(errTest, "setifabsent")
		one := f.async(t.Context(), "1")
		g.begun()
		f.cache.hang("setifabsent")
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		began := time.Now()
		two := f.async(ctx, "1")
		g.begun()
		time.Sleep(60 * time.Millisecond)
		f.db.hooks(nil, nil)
		g.pass(0)
		<-one
		require.NoError(t, (<-two).err)
		require.Equal(t, 80*time.Millisecond, time.Since(began))
	})
}

func TestWithoutACacheEveryGetIsALoad(t *testing.T) {
	f := newFixture(t, func(o *readaside.Options, _ *readaside.Entity[string, product]) {
		*o = readaside.Options{Observe: o.Observe}
	})
	f.db.put(product{"1", "pen", 120})
	f.get(t, "1")
	f.update(t, product{"1", "pen", 150})
	require.Equal(t, 150, f.get(t, "1").Cents)
	f.Invalidate(t.Context(), f.Changed("1"))
	require.Equal(t, []string{"load loaded", "load loaded"}, f.steps())
	require.Empty(t, f.cache.took())
}

func TestFailuresAreNotJoinedWithTheCallersErrors(t *testing.T) {
	f := newFixture(t)
	f.cache.fail(errTest, "get")
	f.db.hooks(func(context.Context) error { return errors.ErrUnsupported }, nil)
	_, _, err := f.Get(t.Context(), "1")
	require.Same(t, errors.ErrUnsupported, err)
}
