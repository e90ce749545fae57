package lazyclient_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/lazyclient"
)

func TestResetMakesTheNextGetOpenAnew(t *testing.T) {
	rec, opens := recorder{}, 0
	h := lazyclient.Holder[int]{Open: counting(&opens, 0), Release: rec.release}
	requireValue(t, 1, &h)
	h.Reset()
	require.Equal(t, 1, opens, "not before it is asked for")
	requireReleased(t, &rec, 1)
	requireValue(t, 2, &h)
}

func TestResetDoesNotWaitForABackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{Open: func(context.Context) (int, error) {
			if opens++; opens == 1 {
				return 0, errDown
			}
			return opens, nil
		}}
		require.ErrorIs(t, h.Warm(t.Context()), errDown)
		h.Reset()
		requireValue(t, 2, &h)
	})
}

func TestResetWhileOpeningReleasesThatValueAndItsWaitersWaitOnForTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec, opens := recorder{}, 0
		h := lazyclient.Holder[int]{Open: counting(&opens, 2*time.Second), Release: rec.release, Observe: rec.observe}
		impatient, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		one, two, canceled := background(t.Context(), &h), background(t.Context(), &h), background(impatient, &h)
		time.Sleep(time.Second)
		h.Reset()

		require.Equal(t, result{v: 2, took: 3 * time.Second}, <-one)
		require.Equal(t, result{v: 2, took: 3 * time.Second}, <-two)
		require.Equal(t, result{err: context.DeadlineExceeded, took: 1500 * time.Millisecond}, <-canceled)
		requireReleased(t, &rec, 1)
		require.Equal(t, 2, opens)
		require.Equal(t, []lazyclient.EventKind{lazyclient.Abandoned, lazyclient.Released, lazyclient.Opened}, rec.kinds())
	})
}

func TestResetOfAnUnusedOrClosedHolderDoesNothing(t *testing.T) {
	var h lazyclient.Holder[int]
	h.Reset()
	require.NoError(t, h.Close(t.Context()))
	h.Reset()
	_, err := h.Get(t.Context())
	require.ErrorIs(t, err, lazyclient.ErrClosed)
}

func TestInvalidateDropsOnlyTheCurrentValue(t *testing.T) {
	rec, opens := recorder{}, 0
	h := lazyclient.Holder[int]{Open: counting(&opens, 0), Release: rec.release, Observe: rec.observe}
	require.False(t, lazyclient.Invalidate(&h, 0), "nothing is open")
	requireValue(t, 1, &h)
	require.False(t, lazyclient.Invalidate(&h, 2))
	require.True(t, lazyclient.Invalidate(&h, 1))
	require.False(t, lazyclient.Invalidate(&h, 1), "only once")
	requireValue(t, 2, &h)
	require.False(t, lazyclient.Invalidate(&h, 1), "a newer value stays")
	requireValue(t, 2, &h)
	requireReleased(t, &rec, 1)
	require.ElementsMatch(t, []lazyclient.EventKind{
		lazyclient.Opened, lazyclient.Invalidated, lazyclient.Released, lazyclient.Opened,
	}, rec.kinds())
}

func TestInvalidateDuringAnOpenLeavesItAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{Open: counting(&opens, time.Second)}
		call := background(t.Context(), &h)
		synctest.Wait()
		require.False(t, lazyclient.Invalidate(&h, 1))
		require.Equal(t, 1, (<-call).v)
		require.Equal(t, 1, opens)
	})
}

func TestInvalidateOfAValueThatCannotBeComparedPanicsWithoutHarm(t *testing.T) {
	h := lazyclient.Of[any]([]int{1})
	require.Panics(t, func() { lazyclient.Invalidate(h, any([]int{1})) })
	_, err := h.Get(t.Context())
	require.NoError(t, err)
	h.Reset()
}

func TestReplacedValueIsReleasedOnceAfterTheLastUseThatHoldsItReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec, opens := recorder{}, 0
		h := lazyclient.Holder[int]{Open: counting(&opens, 0), Release: rec.release}
		use := func(d time.Duration) {
			_ = h.Use(t.Context(), func(_ context.Context, v int) error {
				time.Sleep(d)
				if released := rec.releases(); len(released) > 0 && v == 1 {
					t.Errorf("released while in use: %v", released)
				}
				return nil
			})
		}
		go use(time.Second)
		go use(2 * time.Second)
		synctest.Wait()
		h.Reset()
		requireValue(t, 2, &h)
		time.Sleep(2*time.Second - 1)
		require.Empty(t, rec.releases())
		time.Sleep(2 * time.Nanosecond)
		requireReleased(t, &rec, 1)
	})
}

func TestReleaseGetsAContextOfItsOwnBoundedByTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		released := false
		h := lazyclient.Holder[int]{
			Timeout: 3 * time.Second,
			Open:    func(context.Context) (int, error) { return 1, nil },
			Release: func(ctx context.Context, _ int) error {
				released = true
				deadline, ok := ctx.Deadline()
				require.True(t, ok)
				require.Equal(t, 3*time.Second, time.Until(deadline))
				require.NoError(t, ctx.Err())
				require.Nil(t, ctx.Value(key{}))
				return nil
			},
		}
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "request"))
		err := h.Use(ctx, func(context.Context, int) error {
			h.Reset()
			cancel()
			return nil
		})
		require.NoError(t, err)
		synctest.Wait()
		require.True(t, released)
	})
}

func TestErrorPanicOrGoexitOfReleaseIsReleaseFailed(t *testing.T) {
	for name, release := range map[string]func(context.Context, int) error{
		"error":  func(context.Context, int) error { return errDown },
		"panic":  func(context.Context, int) error { panic(errDown) },
		"goexit": func(context.Context, int) error { runtime.Goexit(); return nil },
	} {
		want := errDown
		if name == "goexit" {
			want = lazyclient.ErrGoexit
		}
		t.Run(name, func(t *testing.T) {
			rec, opens := recorder{}, 0
			h := lazyclient.Holder[int]{Open: counting(&opens, 0), Release: release, Observe: rec.observe}
			requireValue(t, 1, &h)
			h.Reset()
			require.Eventually(t, func() bool { return len(rec.kinds()) == 3 }, 5*time.Second, time.Millisecond)
			requireValue(t, 2, &h)
			require.Equal(t, []lazyclient.EventKind{
				lazyclient.Opened, lazyclient.Invalidated, lazyclient.ReleaseFailed, lazyclient.Opened,
			}, rec.kinds())
			require.ErrorIs(t, rec.events[2].Err, want)
			err := h.Close(t.Context())
			require.ErrorIs(t, err, want)
			if name == "panic" {
				var p *lazyclient.PanicError
				require.ErrorAs(t, err, &p)
				require.Equal(t, "int", p.Holder)
			}
		})
	}
}

func TestPanicInTheFunctionGivenToUseEndsItsLeaseAndGoesOn(t *testing.T) {
	rec, opens := recorder{}, 0
	h := lazyclient.Holder[int]{Open: counting(&opens, 0), Release: rec.release}
	require.PanicsWithValue(t, "boom", func() {
		_ = h.Use(t.Context(), func(context.Context, int) error {
			h.Reset()
			panic("boom")
		})
	})
	requireReleased(t, &rec, 1)
	require.NoError(t, h.Close(t.Context()))
}

func TestObserveMayCallBackIntoTheHolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h *lazyclient.Holder[int]
		var opens int
		var calls atomic.Int32
		h = &lazyclient.Holder[int]{
			Open: counting(&opens, 0), Release: func(context.Context, int) error { return errDown },
			Observe: func(e lazyclient.Event) {
				calls.Add(1)
				switch e.Kind {
				case lazyclient.Opened:
					requireValue(t, 1, h)
				case lazyclient.Invalidated:
					lazyclient.Invalidate(h, 1)
				case lazyclient.ReleaseFailed:
					h.Reset()
					// The release that this event tells of is not over before Observe returns.
					ctx, cancel := context.WithTimeout(context.Background(), time.Second)
					defer cancel()
					if err := h.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("Close: %v", err)
					}
				}
			},
		}
		requireValue(t, 1, h)
		require.NoError(t, h.Use(t.Context(), func(context.Context, int) error { return nil }))
		h.Reset()
		time.Sleep(2 * time.Second)
		require.EqualValues(t, 3, calls.Load())
	})
}

func TestPanicInObserveIsDropped(t *testing.T) {
	opens := 0
	h := lazyclient.Holder[int]{Open: counting(&opens, 0), Observe: func(lazyclient.Event) { panic("observer") }}
	requireValue(t, 1, &h)
	h.Reset()
	requireValue(t, 2, &h)
}

func TestGoexitInObserveCostsNoReleaseAndNoClose(t *testing.T) {
	for _, kind := range []lazyclient.EventKind{
		lazyclient.Opened, lazyclient.Abandoned, lazyclient.Invalidated, lazyclient.Released,
	} {
		t.Run(kind.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rec, opens := recorder{}, 0
				h := lazyclient.Holder[int]{Open: counting(&opens, time.Second), Release: rec.release}
				h.Observe = func(e lazyclient.Event) {
					if e.Kind == kind {
						runtime.Goexit() // as a failed require does
					}
				}
				go func() { _ = h.Warm(t.Context()) }()
				synctest.Wait()
				go h.Reset()
				requireValue(t, 2, &h)
				go h.Reset()
				time.Sleep(time.Second)
				require.ElementsMatch(t, []int{1, 2}, rec.releases())
				require.NoError(t, h.Close(t.Context()))
			})
		})
	}
}
