package readaside_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
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

func TestGetOverwritesUnreadableEntries(t *testing.T) {
	for name, entry := range map[string]string{
		"empty": "", "short": "\x01", "text": "hello", "format": "\x02v\x00\x01k", "kind": "\x01x\x00\x01k",
		"truncated": "\x01v\x00\x7f", "length": "\x01v\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		"of another key": "\x01v\x00\x01k{}",
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.db.put(product{"1", "pen", 120})
			f.get(t, "1")
			require.NoError(t, f.cache.Set(t.Context(), "4:test/7:product/1", []byte(entry), time.Minute))
			f.reset()
			require.Equal(t, 120, f.get(t, "1").Cents)
			require.Equal(t, []string{"get unreadable", "lease stored", "load loaded", "fill stored"}, f.steps())
			require.Equal(t, []string{"get", "setifequal", "setifequal"}, f.cache.took())
			f.get(t, "1")
			require.Equal(t, []string{"get hit"}, f.steps())
		})
	}
}

func TestGetMissesAnEntryOfAnotherVersion(t *testing.T) {
	f := newFixture(t)
	f.db.put(product{"1", "pen", 120})
	g := f.another(t, func(_ *readaside.Options, e *readaside.Entity[string, product]) { e.Version = -3 })
	f.get(t, "1")
	g.get(t, "1")
	require.Equal(t, []string{"get unreadable", "lease stored", "load loaded", "fill stored"}, g.steps())
	g.get(t, "1")
	require.Equal(t, []string{"get hit"}, g.steps())
}

func TestAnotherVersionRespectsFencesAndLeases(t *testing.T) {
	f := newFixture(t)
	f.db.put(product{"1", "pen", 120})
	g := f.another(t, func(_ *readaside.Options, e *readaside.Entity[string, product]) { e.Version = 2 })
	err := f.Write(t.Context(), func(context.Context) error {
		g.get(t, "1")
		require.Equal(t, []string{"get fenced", "load loaded"}, g.steps())
		return nil
	}, f.Changed("1"))
	require.NoError(t, err)

	f.db.hooks(func(context.Context) error {
		f.db.hooks(nil, nil)
		g.get(t, "1")
		require.Equal(t, []string{"get fenced", "load loaded"}, g.steps())
		return nil
	}, nil)
	f.get(t, "1")
}

func TestAFailureOfACodecIsAMiss(t *testing.T) {
	for name, fail := range map[string]func() error{
		"error": func() error { return errTest },
		"panic": func() error { panic(errTest) },
	} {
		t.Run(name, func(t *testing.T) {
			var encode, decode bool
			f := newFixture(t, func(_ *readaside.Options, e *readaside.Entity[string, product]) {
				e.Encode = func(p product) ([]byte, error) {
					if encode {
						return nil, fail()
					}
					return []byte(p.Name), nil
				}
				e.Decode = func(b []byte) (product, error) {
					if decode {
						return product{"bad", "bad", 1}, fail()
					}
					return product{ID: "1", Name: string(b)}, nil
				}
			})
			f.db.put(product{ID: "1", Name: "pen"})
			encode = true
			require.Equal(t, "pen", f.get(t, "1").Name)
			events := f.observed()
			require.Equal(t, readaside.CacheFailed, events[len(events)-1].Outcome)
			require.ErrorIs(t, events[len(events)-1].Err, errTest)
			f.Invalidate(t.Context(), f.Changed("1"))

			encode = false
			f.get(t, "1")
			decode = true
			f.reset()
			require.Equal(t, "pen", f.get(t, "1").Name)
			events = f.observed()
			require.Equal(t, readaside.Unreadable, events[0].Outcome)
			require.ErrorIs(t, events[0].Err, errTest)
			require.Equal(t, readaside.Stored, events[3].Outcome)
		})
	}
}

func TestCallersCannotChangeWhatIsCached(t *testing.T) {
	store, err := readaside.NewStore(readaside.Options{Cache: newCache(), Prefix: "test"})
	require.NoError(t, err)
	row := []byte("pen")
	r, err := readaside.NewReader(store, readaside.Entity[int, []byte]{
		Name:   "bytes",
		Load:   func(context.Context, int) ([]byte, bool, error) { return row, true, nil },
		Encode: func(b []byte) ([]byte, error) { return b, nil },
		Decode: func(b []byte) ([]byte, error) { return b, nil },
	})
	require.NoError(t, err)
	for range 3 { // loaded, then cached
		v, _, err := r.Get(t.Context(), 7)
		require.NoError(t, err)
		require.Equal(t, "pen", string(v))
		copy(v, "???")
		copy(row, "pen")
	}
	change := r.ChangedTo(7, row)
	copy(row, "???")
	require.NoError(t, store.Write(t.Context(), func(context.Context) error { return nil }, change))
	v, _, err := r.Get(t.Context(), 7)
	require.NoError(t, err)
	require.Equal(t, "pen", string(v), "ChangedTo encodes at once")
}

// heldBytes is a cache whose Get returns the bytes that it holds, and no copy.
type heldBytes struct {
	readaside.Cache
	entry []byte
}

func (c heldBytes) Get(context.Context, string) ([]byte, error) { return c.entry, nil }

func TestCallersCannotChangeTheBytesThatACacheHolds(t *testing.T) {
	c := newCache()
	read := func(c readaside.Cache) []byte {
		store, err := readaside.NewStore(readaside.Options{Cache: c, Prefix: "test"})
		require.NoError(t, err)
		r, err := readaside.NewReader(store, readaside.Entity[int, []byte]{
			Name:   "bytes",
			Load:   func(context.Context, int) ([]byte, bool, error) { return []byte("pen"), true, nil },
			Encode: func(b []byte) ([]byte, error) { return b, nil },
			Decode: func(b []byte) ([]byte, error) { return b, nil },
		})
		require.NoError(t, err)
		v, _, err := r.Get(t.Context(), 7)
		require.NoError(t, err)
		return v
	}
	read(c)
	entry, err := c.Get(t.Context(), "4:test/5:bytes/7")
	require.NoError(t, err)
	held := bytes.Clone(entry)
	copy(read(heldBytes{c, held}), "???")
	require.Equal(t, entry, held)
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

func TestTheCacheTakesHalfOfTheCallersTimeAtMost(t *testing.T) {
	for _, call := range []string{"get", "setifabsent", "setifequal"} {
		synctest.Test(t, func(t *testing.T) {
			f := newFixture(t)
			f.db.put(product{"1", "pen", 120})
			f.cache.hang(call)
			ctx, cancel := context.WithTimeout(t.Context(), 40*time.Millisecond)
			defer cancel()
			began := time.Now()
			p, found, err := f.Get(ctx, "1")
			require.NoError(t, err)
			require.True(t, found)
			require.Equal(t, 120, p.Cents)
			require.Equal(t, 20*time.Millisecond, time.Since(began), call)
		})
	}
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
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			began := time.Now()
			_, found, err := f.Get(ctx, "1")
			require.NoError(t, err)
			require.True(t, found)
			require.Equal(t, 10*time.Millisecond, time.Since(began))
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

func TestTTLIsLessUpToATenthAtRandom(t *testing.T) {
	f := newFixture(t, func(_ *readaside.Options, e *readaside.Entity[string, product]) { e.TTL = time.Hour })
	f.db.put(product{"1", "pen", 120})
	seen := make(map[time.Duration]bool)
	for range 20 {
		f.cache.ttls = nil
		f.get(t, "1")
		ttl := f.cache.ttls[1]
		require.LessOrEqual(t, ttl, time.Hour)
		require.GreaterOrEqual(t, ttl, 54*time.Minute)
		seen[ttl] = true
		f.Invalidate(t.Context(), f.Changed("1"))
	}
	require.Greater(t, len(seen), 10)
}

func TestNoTTLOfZeroOrLessReachesTheCache(t *testing.T) {
	for _, d := range []time.Duration{1, 1<<63 - 1} {
		f := newFixture(t, func(o *readaside.Options, e *readaside.Entity[string, product]) {
			o.WriteTimeout = d
			e.TTL, e.NegativeTTL = d, d
			e.LoadTimeout = max(d, time.Hour)
		})
		f.db.put(product{"1", "pen", 120})
		f.get(t, "1")
		_, _, err := f.Get(t.Context(), "2")
		require.NoError(t, err)
		_ = f.Write(t.Context(), func(context.Context) error { return errTest }, f.Changed("1"))
		_ = f.Write(t.Context(), func(context.Context) error { return readaside.Unchanged(errTest) }, f.Changed("1"))
		f.update(t, product{"1", "pen", 150})
		require.NotEmpty(t, f.cache.ttls)
		for _, ttl := range f.cache.ttls {
			require.Positive(t, ttl)
		}
	}
}

func TestFailuresAreNotJoinedWithTheCallersErrors(t *testing.T) {
	f := newFixture(t)
	f.cache.fail(errTest, "get")
	f.db.hooks(func(context.Context) error { return errors.ErrUnsupported }, nil)
	_, _, err := f.Get(t.Context(), "1")
	require.Same(t, errors.ErrUnsupported, err)
}
