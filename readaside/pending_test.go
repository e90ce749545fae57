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

// lose lets both steps of a write of f be lost.
func (f *fixture) lose(t *testing.T, do func(context.Context) error, c ...readaside.Change) error {
	t.Helper()
	f.cache.fail(errTest, "set", "setifequal", "delete")
	err := f.Write(t.Context(), do, c...)
	f.cache.hook(nil)
	time.Sleep(time.Second) // the breaker of the writes is half-open then
	f.reset()
	return err
}

func TestPendingDeletesAreRepeatedByGetsAndWritesOfOtherKeys(t *testing.T) {
	for name, call := range map[string]func(t *testing.T, f *fixture){
		"Get":        func(t *testing.T, f *fixture) { t.Helper(); f.get(t, "2") },
		"Write":      func(t *testing.T, f *fixture) { t.Helper(); f.update(t, product{"2", "ink", 90}) },
		"Invalidate": func(t *testing.T, f *fixture) { t.Helper(); f.Invalidate(t.Context(), f.Changed("2")) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t)
				g := f.another(t)
				f.db.put(product{"1", "pen", 120})
				f.db.put(product{"2", "ink", 80})
				f.get(t, "1")
				require.NoError(t, f.lose(t, f.commit(product{"1", "pen", 150}), f.Changed("1")))
				require.Equal(t, 120, g.get(t, "1").Cents, "what remains: another process, until the Delete is repeated")
				f.cache.took()
				call(t, f)
				require.Equal(t, "delete", f.cache.took()[0], "first of all")
				require.Equal(t, 150, g.get(t, "1").Cents)
				f.cache.took()
				f.get(t, "2")
				require.NotContains(t, f.cache.took(), "delete", "once it is acknowledged it is forgotten")
			})
		})
	}
}

func TestAPendingFenceIsSetWhereTheOutcomeIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.db.put(product{"1", "pen", 120})
		require.Same(t, errTest, f.lose(t, func(context.Context) error { return errTest }, f.Changed("1")))
		// A later write that is lost as well does not turn the fence into a Delete.
		f.cache.fail(errTest)
		f.Invalidate(t.Context(), f.Changed("1"))
		f.cache.hook(nil)
		time.Sleep(time.Second)
		f.reset()
		f.get(t, "1")
		require.Equal(t, []string{"set", "get"}, f.cache.took())
		require.Equal(t, []string{"unfence stored", "get fenced", "load loaded"}, f.steps())
	})
}

func TestAPendingKeyIsNotFilledByALoadUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, g := newFixture(t), &gate{}
		f.db.put(product{"1", "pen", 120})
		g.hold(f)
		old := f.async(t.Context(), "1")
		g.begun()
		_ = f.lose(t, f.commit(product{"1", "pen", 150}), f.Changed("1"))
		g.pass(0)
		require.Equal(t, 120, (<-old).p.Cents)
		require.NotContains(t, f.cache.took(), "setifequal")
	})
}

func TestPendingDeletesAreRepeatedInParallelWithinTheReadsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.db.put(product{"9", "pen", 120})
		_ = f.lose(t, succeed, f.Changed("1"), f.Changed("2"), f.Changed("3"))
		f.get(t, "9") // the probe: one of them
		require.Len(t, slices.DeleteFunc(f.cache.took(), func(c string) bool { return c != "delete" }), 1)
		slow(f, map[string]time.Duration{"delete": 30 * time.Millisecond, "get": 30 * time.Millisecond})
		began := time.Now()
		f.get(t, "9")
		require.Equal(t, 50*time.Millisecond, time.Since(began))
		require.Equal(t, []string{"delete", "delete", "get"}, f.cache.took())
	})
}

func TestPendingDeletesWaitWhileTheBreakerIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.cache.fail(errTest)
		f.Invalidate(t.Context(), f.Changed("1"))
		for range 3 {
			_, _, _ = f.Get(t.Context(), "2") // opens the breaker of writes: one Delete each
		}
		f.cache.hook(nil)
		f.reset()
		_, _, _ = f.Get(t.Context(), "1")
		require.Empty(t, f.cache.took())
		require.Equal(t, []string{"get cache skipped", "load loaded"}, f.steps(), "the key is not read either")
		time.Sleep(time.Second)
		_, _, _ = f.Get(t.Context(), "1")
		require.Equal(t, []string{"unfence stored", "get miss", "lease stored", "load loaded", "fill stored"}, f.steps())
	})
}

func TestConcurrentGetsRepeatAPendingDeleteOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		_ = f.lose(t, succeed, f.Changed("1"))
		slow(f, map[string]time.Duration{"delete": 10 * time.Millisecond})
		one, two := f.async(t.Context(), "1"), f.async(t.Context(), "1")
		<-one
		<-two
		calls := f.cache.took()
		require.Len(t, slices.DeleteFunc(calls, func(c string) bool { return c != "delete" }), 1)
	})
}

func TestARepetitionDoesNotForgetALaterWriteOfTheKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		_ = f.lose(t, succeed, f.Changed("1"))
		answer := make(chan struct{})
		f.cache.hook(func(_ context.Context, call string) error {
			if call == "delete" {
				<-answer
			}
			return nil
		})
		repeats := f.async(t.Context(), "2")
		synctest.Wait()
		f.cache.fail(errTest)
		require.NoError(t, f.Write(t.Context(), succeed, f.Changed("1")))
		close(answer)
		<-repeats
		f.cache.hook(nil)
		time.Sleep(time.Second)
		f.reset()
		_, _, _ = f.Get(t.Context(), "1")
		require.Equal(t, "delete", f.cache.took()[0])
	})
}

func TestARepetitionThatFailsStaysPending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		_ = f.lose(t, succeed, f.Changed("1"))
		f.cache.fail(fmt.Errorf("x: %w", readaside.ErrNotReady), "delete")
		_, _, _ = f.Get(t.Context(), "1")
		require.Equal(t, []string{"unfence cache skipped", "get cache skipped", "load loaded"}, f.steps())
		f.cache.hook(func(context.Context, string) error { runtime.Goexit(); return nil })
		<-f.async(t.Context(), "1")
		f.cache.hook(nil)
		time.Sleep(time.Second)
		f.reset()
		_, _, _ = f.Get(t.Context(), "1")
		require.Equal(t, "delete", f.cache.took()[0])
	})
}

func TestAtMostAThousandAndTwentyFourKeysArePending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.cache.fail(errTest)
		var changes []readaside.Change
		for i := range 1025 {
			changes = append(changes, f.Changed(fmt.Sprint(i)))
		}
		f.Invalidate(t.Context(), changes...)
		require.Len(t, f.steps(), 1026)
		f.Invalidate(t.Context(), changes[:10]...)
		events := f.observed()
		require.Len(t, events, 10, "a key that is pending already is not counted again")
		f.Invalidate(t.Context(), changes[1020:]...)
		events = f.observed()
		last := events[len(events)-1]
		require.Equal(t, readaside.OpUnfence, last.Op)
		require.Equal(t, readaside.CacheFailed, last.Outcome)
		require.ErrorContains(t, last.Err, "too many")
	})
}

func TestALostInvalidateIsPending(t *testing.T) {
	f := newFixture(t)
	f.db.put(product{"1", "pen", 120})
	f.get(t, "1")
	f.cache.fail(errTest, "delete")
	f.Invalidate(t.Context(), f.Changed("1"))
	f.cache.hook(nil)
	f.db.put(product{"1", "pen", 150})
	require.Equal(t, 150, f.get(t, "1").Cents)
}

func TestAGoexitOfTheCacheInASecondStepIsPending(t *testing.T) {
	for _, keys := range []int{1, 2} {
		synctest.Test(t, func(t *testing.T) {
			f := newFixture(t)
			f.cache.hook(func(_ context.Context, call string) error {
				if call == "delete" {
					runtime.Goexit()
				}
				return nil
			})
			changes := []readaside.Change{f.Changed("0"), f.Changed("1")}[:keys]
			require.NoError(t, f.Write(t.Context(), succeed, changes...), "it does not reach the caller")
			f.cache.hook(nil)
			f.reset()
			for i := range keys {
				_, _, _ = f.Get(t.Context(), fmt.Sprint(i))
			}
			calls := slices.DeleteFunc(f.cache.took(), func(c string) bool { return c != "delete" })
			require.Len(t, calls, keys)
		})
	}
}
