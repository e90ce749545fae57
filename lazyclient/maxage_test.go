package lazyclient_test

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/lazyclient"
)

func TestGetReopensAValueOlderThanMaxAgeAndWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec, opens := recorder{}, 0
		h := lazyclient.Holder[int]{
			MaxAge: time.Minute, Open: counting(&opens, time.Second), Release: rec.release, Observe: rec.observe,
		}
		requireValue(t, 1, &h)
		time.Sleep(time.Minute)
		requireValue(t, 1, &h)
		time.Sleep(time.Nanosecond)

		one, two := background(t.Context(), &h), background(t.Context(), &h)
		for _, call := range []<-chan result{one, two} {
			r := <-call
			require.Equal(t, 2, r.v)
			require.Equal(t, time.Second, r.took)
		}
		synctest.Wait()
		require.Equal(t, []int{1}, rec.releases())
		require.Equal(t, []lazyclient.EventKind{lazyclient.Opened, lazyclient.Opened, lazyclient.Released}, rec.kinds())
	})
}

func TestMaxAgeCountsTheTimeSpentFrozen(t *testing.T) {
	opens := 0
	h := lazyclient.Holder[int]{MaxAge: time.Hour, Open: counting(&opens, 0)}
	requireValue(t, 1, &h)
	lazyclient.Freeze(&h, time.Hour)
	requireValue(t, 2, &h)
}

func TestWaiterForAReopenMayLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{MaxAge: time.Minute, Open: counting(&opens, 2*time.Second)}
		requireValue(t, 1, &h)
		time.Sleep(2 * time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := h.Get(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		requireValue(t, 2, &h)
	})
}

func TestOldValueIsServedOnWhenItsReopenFailsAndRetriedAfterTheBackoff(t *testing.T) {
	failures := map[string]func(context.Context) (int, error){
		"error":   func(context.Context) (int, error) { return 0, errDown },
		"panic":   func(context.Context) (int, error) { panic(errDown) },
		"goexit":  func(context.Context) (int, error) { runtime.Goexit(); return 0, nil },
		"overrun": func(context.Context) (int, error) { time.Sleep(10 * time.Second); return 0, nil },
	}
	for name, fail := range failures {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rec, opens := recorder{}, 0
				h := lazyclient.Holder[int]{
					MaxAge: time.Minute, Observe: rec.observe, Release: rec.release,
					Backoff: func(int) time.Duration { return 10 * time.Second },
					Open: func(ctx context.Context) (int, error) {
						if opens++; opens == 2 {
							return fail(ctx)
						}
						return opens, nil
					},
				}
				requireValue(t, 1, &h)
				time.Sleep(2 * time.Minute)
				requireValue(t, 1, &h)
				synctest.Wait()
				require.Equal(t, 2, opens)
				require.Contains(t, rec.kinds(), lazyclient.OpenFailed)

				time.Sleep(10*time.Second - 1)
				requireValue(t, 1, &h)
				require.Equal(t, 2, opens, "not before the backoff has passed")
				time.Sleep(time.Nanosecond)
				requireValue(t, 3, &h)
				require.NoError(t, h.Close(t.Context()))
				require.Contains(t, rec.releases(), 1)
			})
		})
	}
}

func TestInvalidateWhileReopeningDropsTheOldValueAndCallersJoinTheRunningOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec, opens := recorder{}, 0
		h := lazyclient.Holder[int]{MaxAge: time.Minute, Open: counting(&opens, 2*time.Second), Release: rec.release}
		requireValue(t, 1, &h)
		time.Sleep(2 * time.Minute)
		reopening := background(t.Context(), &h)
		time.Sleep(time.Second)
		require.True(t, lazyclient.Invalidate(&h, 1))
		require.Equal(t, []int{1}, rec.releases())
		joined := background(t.Context(), &h)
		require.Equal(t, 2, (<-reopening).v)
		require.Equal(t, result{v: 2, took: time.Second}, <-joined)
	})
}

func TestFailedReopenOfAValueThatWasInvalidatedMeanwhileFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{MaxAge: time.Minute, Open: func(context.Context) (int, error) {
			if opens++; opens == 1 {
				return 1, nil
			}
			time.Sleep(2 * time.Second)
			return 0, errDown
		}}
		requireValue(t, 1, &h)
		time.Sleep(2 * time.Minute)
		reopening := background(t.Context(), &h)
		time.Sleep(time.Second)
		require.True(t, lazyclient.Invalidate(&h, 1))
		require.ErrorIs(t, (<-reopening).err, errDown)
	})
}

func TestClockThatWasSetBackDoesNotProlongALife(t *testing.T) {
	opens := 0
	h := lazyclient.Holder[int]{Open: counting(&opens, 0), MaxAge: time.Minute}
	requireValue(t, 1, &h)
	lazyclient.Freeze(&h, -24*time.Hour)
	requireValue(t, 2, &h)
}

func TestUseReopensAValueOlderThanMaxAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{Open: counting(&opens, time.Second), MaxAge: time.Minute}
		for want := 1; want <= 3; want++ {
			err := h.Use(t.Context(), func(_ context.Context, v int) error {
				require.Equal(t, want, v)
				return nil
			})
			require.NoError(t, err)
			time.Sleep(time.Minute + 1)
		}
	})
}
