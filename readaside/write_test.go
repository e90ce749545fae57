package readaside_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/readaside"
)

// succeed is a function for Write.
func succeed(context.Context) error { return nil }

func TestWriteTakesBothStepsOfAllKeysInParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		slow(f, map[string]time.Duration{"set": 10 * time.Millisecond, "delete": 10 * time.Millisecond})
		began := time.Now()
		require.NoError(t, f.Write(t.Context(), succeed, f.Changed("1"), f.Changed("2"), f.Changed("3")))
		require.Equal(t, 20*time.Millisecond, time.Since(began))
		require.Equal(t, []string{"set", "set", "set", "delete", "delete", "delete"}, f.cache.took())
	})
}

func TestAWriteCostsCacheTimeoutBeforeAndAfterAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.cache.hang()
		began := time.Now()
		f.update(t, product{"1", "pen", 120})
		require.Equal(t, 100*time.Millisecond, time.Since(began))
		require.Equal(t, []string{"set", "delete"}, f.cache.took(), "nothing is built on a fence that was not acknowledged")
	})
}

func TestTheSecondStepSharesOneTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.cache.hang("setifequal")
		began := time.Now()
		f.update(t, product{"1", "pen", 120})
		require.Equal(t, 50*time.Millisecond, time.Since(began))
		f.cache.hook(nil)
		f.reset()
		f.get(t, "1")
		require.Equal(t, []string{"unfence stored", "get miss", "lease stored", "load loaded", "fill stored"}, f.steps(),
			"the Delete that there was no time for is pending")
	})
}

func TestTheFirstStepTakesHalfOfTheCallersTimeAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.cache.hang("set")
		ctx, cancel := context.WithTimeout(t.Context(), 40*time.Millisecond)
		defer cancel()
		began := time.Now()
		require.NoError(t, f.Write(ctx, succeed, f.Changed("1")))
		require.Equal(t, 20*time.Millisecond, time.Since(began))
	})
}

func TestTheSecondStepIsMadeAfterTheCallersContextHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		ctx, cancel := context.WithCancel(t.Context())
		require.NoError(t, f.Write(ctx, func(context.Context) error { cancel(); return nil }, f.Changed("1")))
		require.Equal(t, []string{"fence stored", "unfence stored"}, f.steps())
	})
}

func TestWriteReturnsTheCauseWhereDoWasNotCalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		f := newFixture(t, func(o *readaside.Options, _ *readaside.Entity[string, product]) {
			o.Observe = func(context.Context, readaside.Event) { cancel(errTest) } // after the fence
		})
		do := func(context.Context) error { t.Error("do was called"); return nil }
		require.Same(t, errTest, f.Write(ctx, do, f.Changed("1")))
		require.Equal(t, []string{"set", "setifequal"}, f.cache.took(), "it counts as Unchanged")
		require.Same(t, errTest, f.Write(ctx, do, f.Changed("1")))
		require.Empty(t, f.cache.took())
	})
}

func TestWriteBoundsDoByWriteTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		ctx := context.WithValue(t.Context(), key{}, "value")
		began := time.Now()
		err := f.Write(ctx, func(ctx context.Context) error {
			require.Equal(t, "value", ctx.Value(key{}))
			<-ctx.Done()
			return ctx.Err()
		}, f.Changed("1"))
		require.Equal(t, context.DeadlineExceeded, err)
		require.Equal(t, 3*time.Second, time.Since(began))
	})
}

func TestDoHasTheCallersCancellation(t *testing.T) {
	f := newFixture(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	err := f.Write(ctx, func(ctx context.Context) error {
		cancel(errTest)
		<-ctx.Done()
		return io.EOF
	}, f.Changed("1"))
	require.Same(t, io.EOF, err, "Write returns what do returned")
}

func TestAPanicOrAGoexitOfDoKeepsTheFence(t *testing.T) {
	f := newFixture(t)
	require.PanicsWithValue(t, "test panic", func() {
		_ = f.Write(t.Context(), func(context.Context) error { panic("test panic") }, f.Changed("1"))
	})
	require.Equal(t, []string{"set", "set"}, f.cache.took())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = f.Write(context.Background(), func(context.Context) error { runtime.Goexit(); return nil }, f.Changed("2"))
	}()
	<-done
	require.Equal(t, []string{"set", "set"}, f.cache.took())
	require.Equal(t, []time.Duration{8 * time.Second, 8 * time.Second, 8 * time.Second, 8 * time.Second}, f.cache.ttls)
}

func TestWriteTakesTheMarkOfUnchangedOff(t *testing.T) {
	require.NoError(t, readaside.Unchanged(nil))
	f := newFixture(t)
	mark := readaside.Unchanged
	for _, err := range []error{
		mark(errTest), mark(mark(errTest)), fmt.Errorf("x: %w", mark(errTest)), errors.Join(io.EOF, mark(errTest)),
		mark(fmt.Errorf("x: %w", mark(errTest))),
	} {
		got := f.Write(t.Context(), func(context.Context) error { return err }, f.Changed("1"))
		require.Equal(t, []string{"set", "setifequal"}, f.cache.took())
		require.ErrorIs(t, got, errTest)
		require.EqualError(t, got, err.Error())
		outer := f.Write(t.Context(), func(context.Context) error { return fmt.Errorf("y: %w", got) }, f.Changed("2"))
		require.Equal(t, []string{"set", "set"}, f.cache.took(), "an enclosing Write does not take %v for unchanged", got)
		require.ErrorIs(t, outer, errTest)
		f.Invalidate(t.Context(), f.Changed("1"), f.Changed("2"))
		f.reset()
	}
	got := f.Write(t.Context(), func(context.Context) error { return fmt.Errorf("x: %w", mark(&custom{})) }, f.Changed("1"))
	var c *custom
	require.ErrorAs(t, got, &c)
}

type custom struct{}

func (*custom) Error() string { return "custom" }

func TestUnchangedWithoutAnAcknowledgedFenceLeavesTheCacheAlone(t *testing.T) {
	f := newFixture(t)
	f.cache.fail(errTest, "set")
	err := f.Write(t.Context(), func(context.Context) error { return readaside.Unchanged(errTest) }, f.Changed("1"))
	require.Same(t, errTest, err)
	require.Equal(t, []string{"set"}, f.cache.took())
	_, _, _ = f.Get(t.Context(), "1")
	require.Equal(t, "get", f.cache.took()[0], "nothing is pending")
}

func TestAFenceThatWasNotLiftedIsDeletedByALaterCall(t *testing.T) {
	f := newFixture(t)
	f.cache.fail(errTest, "setifequal")
	err := f.Write(t.Context(), func(context.Context) error { return readaside.Unchanged(errTest) }, f.Changed("1"))
	require.Same(t, errTest, err)
	require.Equal(t, []string{"set", "setifequal"}, f.cache.took())
	f.cache.hook(nil)
	_, _, _ = f.Get(t.Context(), "1")
	require.Equal(t, []string{"delete", "get"}, f.cache.took()[:2])
}

func TestUnchangedDoesNotLiftAnothersFence(t *testing.T) {
	f := newFixture(t)
	f.db.put(product{"1", "pen", 120})
	g := f.another(t)
	require.NoError(t, f.Write(t.Context(), func(ctx context.Context) error {
		_ = g.Write(ctx, func(context.Context) error { return errTest }, g.Changed("1")) // leaves its own
		return f.Write(ctx, func(context.Context) error { return nil }, f.Changed("2"))
	}, f.Changed("2")))
	_ = f.Write(t.Context(), func(ctx context.Context) error {
		_ = g.Write(ctx, func(context.Context) error { return errTest }, g.Changed("1"))
		return readaside.Unchanged(errTest)
	}, f.Changed("1"))
	f.reset()
	f.get(t, "1")
	require.Equal(t, []string{"get fenced", "load loaded"}, f.steps())
}

func TestAKeyNamedTwiceCountsOnceAsChanged(t *testing.T) {
	f := newFixture(t)
	p := product{"1", "pen", 120}
	require.NoError(t, f.Write(t.Context(), f.commit(p), f.ChangedTo("1", p), f.ChangedTo("1", p)))
	require.Equal(t, []string{"set", "delete"}, f.cache.took())
}

func TestWriteRefusesNoChangeAndForeignChanges(t *testing.T) {
	f := newFixture(t)
	g := f.another(t)
	do := func(context.Context) error { t.Error("do was called"); return nil }
	require.ErrorContains(t, f.Write(t.Context(), do), "no Change")
	require.ErrorContains(t, f.Write(t.Context(), do, f.Changed("1"), g.Changed("1")), "change 2 of 2")
	require.ErrorContains(t, f.Write(t.Context(), do, readaside.Change{}), "not of a Reader of this Store")
	require.Empty(t, f.cache.took())
}

func TestAChangedToWhoseEncodeFailsActsAsChanged(t *testing.T) {
	for name, encode := range map[string]func(product) ([]byte, error){
		"error": func(product) ([]byte, error) { return nil, errTest },
		"panic": func(product) ([]byte, error) { panic(errTest) },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, func(_ *readaside.Options, e *readaside.Entity[string, product]) {
				e.Encode, e.Decode = encode, func([]byte) (product, error) { return product{}, nil }
			})
			f.update(t, product{"1", "pen", 120})
			require.Equal(t, []string{"set", "delete"}, f.cache.took())
			events := f.observed()
			require.Equal(t, readaside.Stored, events[1].Outcome)
			require.ErrorIs(t, events[1].Err, errTest)
			require.ErrorContains(t, events[1].Err, "readaside: encode product: ")
		})
	}
}

func TestAFailingFenceDoesNotStopTheWrite(t *testing.T) {
	f := newFixture(t)
	f.db.put(product{"1", "pen", 120})
	f.get(t, "1")
	f.cache.fail(errTest, "set")
	f.update(t, product{"1", "pen", 150})
	require.Equal(t, 150, f.get(t, "1").Cents)
}

func TestAWritesPanickingCacheIsAFailure(t *testing.T) {
	f := newFixture(t)
	f.cache.hook(func(context.Context, string) error { panic(errTest) })
	require.NoError(t, f.Write(t.Context(), succeed, f.Changed("1"), f.Changed("2")))
	for _, e := range f.observed() {
		require.Equal(t, readaside.CacheFailed, e.Outcome)
		require.ErrorIs(t, e.Err, errTest)
	}
}

func TestInvalidateForgetsLoadsAndDeletes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, g := newFixture(t), &gate{}
		f.db.put(product{"1", "pen", 120})
		g.hold(f)
		old := f.async(t.Context(), "1")
		g.begun()
		f.cache.took()
		f.db.put(product{"1", "pen", 150})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		f.Invalidate(ctx, f.ChangedTo("1", product{"1", "pen", 1}))
		require.Equal(t, []string{"delete"}, f.cache.took())
		fresh := f.async(t.Context(), "1")
		require.Equal(t, 2, g.begun())
		g.pass(1)
		require.Equal(t, 150, (<-fresh).p.Cents)
		g.pass(0)
		<-old
	})
}

func TestInvalidateReportsForeignChanges(t *testing.T) {
	f := newFixture(t)
	f.Invalidate(t.Context())
	f.Invalidate(t.Context(), f.another(t).Changed("1"), readaside.Change{})
	require.Equal(t, []string{"unfence cache skipped", "unfence cache skipped"}, f.steps())
	require.Empty(t, f.cache.took())
}

func TestChangedToDoesNotEncodeWithoutACache(t *testing.T) {
	f := newFixture(t, withoutCache, func(_ *readaside.Options, e *readaside.Entity[string, product]) {
		e.Encode = func(product) ([]byte, error) { t.Error("Encode is called"); return nil, nil }
		e.Decode = func([]byte) (product, error) { return product{}, nil }
	})
	require.NoError(t, f.Write(t.Context(), succeed, f.ChangedTo("1", product{"1", "pen", 120})))
}
