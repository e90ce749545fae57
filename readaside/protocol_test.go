package readaside_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/readaside"
)

func TestGetFillsTheCacheUnderALease(t *testing.T) {
	f := newFixture(t)
	f.db.put(product{"1", "pen", 120})

	require.Equal(t, product{"1", "pen", 120}, f.get(t, "1"))
	require.Equal(t, []string{"get", "setifabsent", "setifequal"}, f.cache.took())
	require.Equal(t, 1, f.db.took())
	require.Equal(t, []string{"get miss", "lease stored", "load loaded", "fill stored"}, f.steps())

	require.Equal(t, product{"1", "pen", 120}, f.get(t, "1"))
	require.Equal(t, []string{"get"}, f.cache.took())
	require.Zero(t, f.db.took())
	require.Equal(t, []string{"get hit"}, f.steps())
}

func TestAnEntryOfALongKeyIsAHit(t *testing.T) {
	f := newFixture(t)
	id := strings.Repeat("1", 300)
	f.db.put(product{id, "pen", 120})
	f.get(t, id)
	f.reset()
	require.Equal(t, product{id, "pen", 120}, f.get(t, id))
	require.Equal(t, []string{"get hit"}, f.steps())
}

func TestGetCachesANotFoundResultForNegativeTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		for range 2 {
			_, found, err := f.Get(t.Context(), "1")
			require.NoError(t, err)
			require.False(t, found)
		}
		require.Equal(t, []string{"get miss", "lease stored", "load loaded", "fill stored", "get negative hit"}, f.steps())
		time.Sleep(5 * time.Second)
		_, _, _ = f.Get(t.Context(), "1")
		require.Equal(t, "get miss", f.steps()[0])
	})
}

func TestANegativeTTLBelowZeroLeavesTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, func(_ *readaside.Options, e *readaside.Entity[string, product]) { e.NegativeTTL = -1 })
		_, found, err := f.Get(t.Context(), "1")
		require.NoError(t, err)
		require.False(t, found)
		require.Equal(t, []string{"get miss", "lease stored", "load loaded"}, f.steps())
		_, _, _ = f.Get(t.Context(), "1")
		require.Equal(t, []string{"get fenced", "load loaded"}, f.steps())
		time.Sleep(2 * time.Second) // LoadTimeout + 1s
		_, _, _ = f.Get(t.Context(), "1")
		require.Equal(t, "get miss", f.steps()[0])
	})
}

func TestWriteIsTwoRoundTripsAndLeavesTheNewValue(t *testing.T) {
	f := newFixture(t)
	f.db.put(product{"1", "pen", 120})
	f.get(t, "1")
	f.reset()

	f.update(t, product{"1", "pen", 150})
	require.Equal(t, []string{"set", "setifequal"}, f.cache.took())
	require.Equal(t, []string{"fence stored", "unfence stored"}, f.steps())
	require.Equal(t, 150, f.get(t, "1").Cents)
	require.Equal(t, []string{"get hit"}, f.steps())
}

func TestChangedDeletesTheEntry(t *testing.T) {
	f := newFixture(t)
	f.update(t, product{"1", "pen", 120})
	f.reset()

	require.NoError(t, f.Write(t.Context(), f.commit(product{"1", "pen", 150}), f.Changed("1")))
	require.Equal(t, []string{"set", "delete"}, f.cache.took())
	require.Equal(t, 150, f.get(t, "1").Cents)
	require.Equal(t, 1, f.db.took())
}

func TestChangedToWhoseFenceIsGoneDeletes(t *testing.T) {
	f := newFixture(t)
	err := f.Write(t.Context(), func(context.Context) error {
		f.db.put(product{"1", "pen", 150})
		f.Invalidate(t.Context(), f.Changed("1")) // the fence is evicted
		f.reset()
		return nil
	}, f.ChangedTo("1", product{"1", "pen", 150}))
	require.NoError(t, err)
	require.Equal(t, []string{"setifequal", "delete"}, f.cache.took())
	require.Equal(t, []string{"unfence not stored", "unfence stored"}, f.steps())
}

func TestReadersOnlyLoadWhileAWriteIsUnderWay(t *testing.T) {
	f := newFixture(t)
	f.db.put(product{"1", "pen", 120})
	g := f.another(t)
	err := f.Write(t.Context(), func(context.Context) error {
		f.reset()
		require.Equal(t, 120, g.get(t, "1").Cents)
		require.Equal(t, []string{"get"}, f.cache.took())
		require.Equal(t, []string{"get fenced", "load loaded"}, g.steps())
		return nil
	}, f.Changed("1"))
	require.NoError(t, err)
}

func TestUnchangedLiftsTheFence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.db.put(product{"1", "pen", 120})
		err := f.Write(t.Context(), func(context.Context) error { return readaside.Unchanged(errTest) }, f.Changed("1"))
		require.Same(t, errTest, err)
		require.Equal(t, []string{"set", "setifequal"}, f.cache.took())
		time.Sleep(time.Millisecond)
		f.reset()
		f.get(t, "1")
		require.Equal(t, []string{"get miss", "lease stored", "load loaded", "fill stored"}, f.steps())
	})
}

func TestAnUnknownOutcomeKeepsTheFence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.db.put(product{"1", "pen", 120})
		err := f.Write(t.Context(), func(context.Context) error { return errTest }, f.Changed("1"))
		require.Same(t, errTest, err)
		require.Equal(t, []string{"set", "set"}, f.cache.took())
		f.reset()
		time.Sleep(8*time.Second - 1)
		f.get(t, "1")
		require.Equal(t, []string{"get fenced", "load loaded"}, f.steps())
		time.Sleep(1 * time.Nanosecond)
		f.get(t, "1")
		require.Equal(t, "get miss", f.steps()[0])
	})
}

func TestALostSecondStepIsRepeatedByTheNextGet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.db.put(product{"1", "pen", 120})
		f.get(t, "1")
		f.cache.fail(errTest, "set", "setifequal", "delete")
		f.update(t, product{"1", "pen", 150})
		f.reset()

		require.Equal(t, 150, f.get(t, "1").Cents)
		require.Equal(t, []string{"delete"}, f.cache.took(), "a pending key is neither read nor filled")
		f.cache.hook(nil)
		time.Sleep(time.Second) // until the breaker is half-open
		require.Equal(t, 150, f.get(t, "1").Cents)
		require.Equal(t, []string{"delete", "get", "setifabsent", "setifequal"}, f.cache.took())
	})
}

func TestAFrozenReaderDoesNotFillAfterAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		g := f.another(t)
		thaw := make(chan struct{})
		f.db.hooks(nil, func() { <-thaw })
		go func() { _, _, _ = f.Get(context.Background(), "1") }() // loads the not-found result
		synctest.Wait()
		f.db.hooks(nil, nil)
		g.update(t, product{"1", "pen", 120})
		g.Invalidate(t.Context(), g.Changed("1")) // the value is evicted
		close(thaw)
		synctest.Wait()
		require.Contains(t, f.steps(), "fill not stored")
		require.Equal(t, 120, g.get(t, "1").Cents)
	})
}

func TestAHundredMissesAreOneLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, loads := range []int{1, 2} { // with and without a cache
			f := newFixture(t, func(o *readaside.Options, _ *readaside.Entity[string, product]) {
				if loads == 2 {
					o.Cache = nil
				}
			})
			f.db.put(product{"1", "pen", 120})
			f.db.hooks(func(context.Context) error { time.Sleep(10 * time.Millisecond); return nil }, nil)
			for i := range 100 {
				go func() {
					time.Sleep(time.Duration(i) * time.Microsecond)
					_, _, _ = f.Get(context.Background(), "1")
				}()
			}
			time.Sleep(time.Second)
			require.Equal(t, loads, f.db.took())
		}
	})
}
