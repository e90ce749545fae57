package readaside_test

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/readaside"
)

func TestLoadHasTheFirstCallersValuesAndLoadTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "value"), 100*time.Millisecond)
		defer cancel()
		f.db.hooks(func(ctx context.Context) error {
			require.Equal(t, "value", ctx.Value(key{}))
			deadline, ok := ctx.Deadline()
			require.True(t, ok)
			require.Equal(t, time.Second, time.Until(deadline))
			return nil
		}, nil)
		_, _, err := f.Get(ctx, "1")
		require.NoError(t, err)
	})
}

func TestALoadThatIgnoresItsContextIsAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, g := newFixture(t), &gate{}
		g.hold(f)
		for name, get := range map[string]func(context.Context, string) (product, bool, error){"Get": f.Get, "Fresh": f.Fresh} {
			began := time.Now()
			_, _, err := get(t.Context(), "1")
			require.ErrorIs(t, err, context.DeadlineExceeded, name)
			require.EqualError(t, err, "readaside: load product: no answer within 1s: context deadline exceeded")
			require.LessOrEqual(t, time.Since(began), 1010*time.Millisecond)
		}
		f.db.hooks(nil, nil)
		_, _, err := f.Get(t.Context(), "1")
		require.NoError(t, err, "the next load does not wait for it")
		g.pass(0)
		g.pass(1)
		synctest.Wait()
	})
}

func TestALoadThatReturnsAtItsTimeoutKeepsItsError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.db.hooks(func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(5 * time.Millisecond)
			return errTest
		}, nil)
		_, _, err := f.Get(t.Context(), "1")
		require.Same(t, errTest, err)
		_, _, err = f.Fresh(t.Context(), "1")
		require.Same(t, errTest, err)
	})
}

func TestAPanicOfLoadIsOneOfAllCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.db.hooks(func(context.Context) error {
			time.Sleep(time.Millisecond)
			panic(errTest)
		}, nil)
		one, two := f.async(t.Context(), "1"), f.async(t.Context(), "1")
		for _, ch := range []<-chan answer{one, two} {
			err, ok := (<-ch).panicked.(error)
			require.True(t, ok)
			require.ErrorIs(t, err, errTest)
			require.Contains(t, err.Error(), "test error")
			require.Contains(t, err.Error(), "loadtimes_test.go", "the stack is that of Load")
		}
		require.Contains(t, f.steps(), "load load failed")
		require.Panics(t, func() { _, _, _ = f.Fresh(t.Context(), "1") })
		f.db.hooks(nil, nil)
		_, _, err := f.Get(t.Context(), "1")
		require.NoError(t, err)
	})
}

func TestALoadThatReturnsThePanicOfAnotherReaderDoesNotPanic(t *testing.T) {
	f := newFixture(t, withoutCache)
	f.db.hooks(func(context.Context) error { panic(errTest) }, nil)
	for name, get := range map[string]func(context.Context, string) (product, bool, error){"Get": f.Get, "Fresh": f.Fresh} {
		r, err := readaside.NewReader(f.Store, readaside.Entity[string, product]{
			Name: name,
			Load: func(ctx context.Context, id string) (p product, found bool, err error) {
				defer func() { err, _ = recover().(error) }()
				return get(ctx, id)
			},
		})
		require.NoError(t, err)
		for _, get := range []func(context.Context, string) (product, bool, error){r.Get, r.Fresh} {
			require.NotPanics(t, func() { _, _, err = get(t.Context(), "1") })
			require.ErrorIs(t, err, errTest)
		}
	}
}

func TestAGoexitOfLoadIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.db.hooks(func(context.Context) error { runtime.Goexit(); return nil }, nil)
		_, _, err := f.Get(t.Context(), "1")
		require.EqualError(t, err, "readaside: load product: runtime.Goexit was called")
		_, _, err = f.Fresh(t.Context(), "1")
		require.Error(t, err)
		f.db.hooks(nil, nil)
		_, _, err = f.Get(t.Context(), "1")
		require.NoError(t, err)
	})
}

func TestAPanicAndAGoexitOfEncodeOrObserveEndNoProcess(t *testing.T) {
	for name, fail := range map[string]func(){"panic": func() { panic(errTest) }, "goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var on readaside.Op
				f := newFixture(t, func(o *readaside.Options, e *readaside.Entity[string, product]) {
					o.Observe = func(_ context.Context, e readaside.Event) {
						if e.Op == on {
							fail()
						}
					}
					e.Decode = func([]byte) (product, error) { return product{}, nil }
					e.Encode = func(product) ([]byte, error) {
						if on == "" {
							fail()
						}
						return nil, nil
					}
				})
				f.db.put(product{"1", "pen", 120})
				for _, on = range []readaside.Op{"", readaside.OpLease, readaside.OpLoad} {
					a := <-f.async(t.Context(), "1")
					switch {
					case on == "" && name == "panic":
						require.True(t, a.found, "a panic of Encode is no error")
					case name == "panic":
						require.ErrorIs(t, a.panicked.(error), errTest)
					default:
						require.Error(t, a.err)
					}
					f.Invalidate(t.Context(), f.Changed("1"))
				}
			})
		})
	}
}

func TestAFailedLoadLeavesItsLeaseToExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.db.hooks(func(context.Context) error { return errTest }, nil)
		_, found, err := f.Get(t.Context(), "1")
		require.Same(t, errTest, err)
		require.False(t, found)
		require.Equal(t, []string{"get", "setifabsent"}, f.cache.took())
		f.db.hooks(nil, nil)
		time.Sleep(2*time.Second - 1)
		_, _, _ = f.Get(t.Context(), "1")
		require.Equal(t, []string{"get"}, f.cache.took())
		time.Sleep(1 * time.Nanosecond)
		_, _, _ = f.Get(t.Context(), "1")
		require.Equal(t, []string{"get", "setifabsent", "setifequal"}, f.cache.took())
	})
}

func TestALoadsValueIsZeroWhereNothingWasFound(t *testing.T) {
	store, err := readaside.NewStore(readaside.Options{})
	require.NoError(t, err)
	r, err := readaside.NewReader(store, readaside.Entity[int, string]{
		Name: "text",
		Load: func(_ context.Context, id int) (string, bool, error) {
			if id == 0 {
				return "rest", false, nil
			}
			return "rest", true, errTest
		},
	})
	require.NoError(t, err)
	for id, want := range []error{nil, errTest} {
		for _, get := range []func(context.Context, int) (string, bool, error){r.Get, r.Fresh} {
			v, found, err := get(t.Context(), id)
			require.Equal(t, want, err)
			require.False(t, found)
			require.Empty(t, v)
		}
	}
}
