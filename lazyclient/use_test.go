package lazyclient_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/lazyclient"
)

func TestUsePassesItsContextAndReturnsTheFunctionsError(t *testing.T) {
	type key struct{}
	h := lazyclient.Of(7)
	ctx := context.WithValue(t.Context(), key{}, "request")
	err := h.Use(ctx, func(ctx context.Context, v int) error {
		require.Equal(t, 7, v)
		require.Equal(t, "request", ctx.Value(key{}))
		return errDown
	})
	require.Equal(t, errDown, err)
}

func TestStaleValueIsInvalidatedReopenedAndTheCallRunsOnceMore(t *testing.T) {
	rec, opens := recorder{}, 0
	h := lazyclient.Holder[int]{Open: counting(&opens, 0), Release: rec.release, Observe: rec.observe, Stale: isStale}
	var seen []int
	err := h.Use(t.Context(), func(_ context.Context, v int) error {
		seen = append(seen, v)
		if v == 1 {
			return fmt.Errorf("call: %w", errStale)
		}
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, []int{1, 2}, seen)
	requireReleased(t, &rec, 1)
	require.NoError(t, h.Close(t.Context()))
	require.ElementsMatch(t, []lazyclient.EventKind{
		lazyclient.Opened, lazyclient.Invalidated, lazyclient.Released, lazyclient.Opened, lazyclient.Released,
	}, rec.kinds())
	require.ErrorIs(t, rec.events[1].Err, errStale)
}

func TestErrorThatIsNotStaleLeavesTheValueAlone(t *testing.T) {
	opens := 0
	h := lazyclient.Holder[int]{Open: counting(&opens, 0), Stale: isStale}
	runs := 0
	err := h.Use(t.Context(), func(context.Context, int) error { runs++; return errDown })
	require.Equal(t, errDown, err)
	require.Equal(t, 1, runs)
	requireValue(t, 1, &h)
}

func TestOneHundredUsersOfARotatedValueCauseOneReopenAndNoFailedCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var valid atomic.Int64
		valid.Store(1)
		rec, opens := recorder{}, 0
		h := lazyclient.Holder[int]{Open: counting(&opens, time.Second), Release: rec.release, Stale: isStale}
		requireValue(t, 1, &h)
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				for range 20 {
					err := h.Use(t.Context(), func(_ context.Context, v int) error {
						time.Sleep(time.Duration(10+i) * time.Millisecond)
						if int64(v) != valid.Load() {
							return errStale
						}
						return nil
					})
					if err != nil {
						t.Errorf("a call failed: %v", err)
					}
				}
			})
		}
		time.Sleep(500 * time.Millisecond)
		valid.Store(2)
		wg.Wait()
		require.Equal(t, 2, opens)
		requireReleased(t, &rec, 1)
	})
}

func TestRevokedValueCausesFewReopensAndEachCallerGetsItsOwnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{Open: counting(&opens, 0), Stale: isStale}
		var wg sync.WaitGroup
		for caller := range 20 {
			wg.Go(func() {
				for call := range 20 {
					own := fmt.Errorf("caller %d call %d: %w", caller, call, errStale)
					err := h.Use(t.Context(), func(context.Context, int) error {
						time.Sleep(10 * time.Millisecond)
						return own
					})
					assert.Equal(t, own, err)
				}
			})
		}
		wg.Wait() // 400 calls in 200 ms or more
		require.GreaterOrEqual(t, opens, 2)
		require.LessOrEqual(t, opens, 5)
	})
}

func TestFunctionsOwnErrorComesBackWhenTheStaleValueCannotBeReopened(t *testing.T) {
	for name, reopen := range map[string]func(context.Context) (int, error){
		"error": func(context.Context) (int, error) { return 0, errDown },
		"panic": func(context.Context) (int, error) { panic(errDown) },
		"caller is canceled": func(context.Context) (int, error) {
			time.Sleep(3 * time.Second)
			return 2, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rec, opens := recorder{}, 0
				h := lazyclient.Holder[int]{Stale: isStale, Observe: rec.observe, Open: func(ctx context.Context) (int, error) {
					if opens++; opens == 1 {
						return 1, nil
					}
					return reopen(ctx)
				}}
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				runs := 0
				err := h.Use(ctx, func(context.Context, int) error { runs++; return errStale })
				require.Equal(t, errStale, err)
				require.Equal(t, 1, runs)
				if name == "panic" {
					require.Contains(t, rec.kinds(), lazyclient.OpenFailed, "the panic is observed")
				}
				time.Sleep(5 * time.Second)
			})
		})
	}
}

func TestUseWithAnOutdatedValueNeverReplacesANewerOne(t *testing.T) {
	opens := 0
	h := lazyclient.Holder[int]{Open: counting(&opens, 0), Stale: isStale}
	var seen []int
	err := h.Use(t.Context(), func(_ context.Context, v int) error {
		if seen = append(seen, v); v == 1 {
			h.Reset()
			requireValue(t, 2, &h)
			return errStale
		}
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, []int{1, 2}, seen)
	require.Equal(t, 2, opens)
}

func TestReplacementThatComesTooLateLeavesANewerValueAlone(t *testing.T) {
	rec, opens := recorder{}, 0
	h := &lazyclient.Holder[int]{Open: counting(&opens, 0), Stale: isStale, Release: rec.release}
	h.Backoff = func(int) time.Duration { // called before the value is dropped
		h.Reset()
		requireValue(t, 2, h)
		return time.Second
	}
	var seen []int
	err := h.Use(t.Context(), func(_ context.Context, v int) error {
		if seen = append(seen, v); v == 1 {
			return errStale
		}
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, []int{1, 2}, seen)
	requireReleased(t, &rec, 1)
	requireValue(t, 2, h)
}
