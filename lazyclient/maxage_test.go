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

func TestValueOlderThanMaxAgeIsServedWhileOneRefreshRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec, opens := recorder{}, 0
		h := lazyclient.Holder[int]{
			MaxAge: time.Minute, Open: counting(&opens, time.Second), Release: rec.release, Observe: rec.observe,
		}
		requireValue(t, 1, &h)
		time.Sleep(time.Minute)
		requireValue(t, 1, &h)
		synctest.Wait()
		require.Equal(t, 1, opens)
		time.Sleep(time.Nanosecond)

		start := time.Now()
		for range 100 {
			requireValue(t, 1, &h)
			require.NoError(t, h.Use(t.Context(), func(_ context.Context, v int) error { require.Equal(t, 1, v); return nil }))
			require.NoError(t, h.TryUse(t.Context(), func(_ context.Context, v int) error { require.Equal(t, 1, v); return nil }))
		}
		require.Zero(t, time.Since(start), "no caller waits")
		time.Sleep(time.Second)
		synctest.Wait()
		requireValue(t, 2, &h)
		require.Equal(t, 2, opens)
		require.Equal(t, []int{1}, rec.releases())
		require.Equal(t, []lazyclient.EventKind{lazyclient.Opened, lazyclient.Opened, lazyclient.Released}, rec.kinds())
	})
}

func TestMaxAgeCountsTheTimeSpentFrozen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{MaxAge: time.Hour, Open: counting(&opens, 0)}
		requireValue(t, 1, &h)
		lazyclient.Freeze(&h, time.Hour+1)
		requireValue(t, 1, &h) // once more, and is refreshed
		synctest.Wait()
		requireValue(t, 2, &h)
	})
}

func TestRefreshIsNotCanceledByTheCallerThatStartsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{MaxAge: time.Minute, Open: counting(&opens, 2*time.Second)}
		requireValue(t, 1, &h)
		time.Sleep(2 * time.Minute)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := h.Get(ended)
		require.NoError(t, err)
		time.Sleep(3 * time.Second)
		requireValue(t, 2, &h)
	})
}

func TestRefreshThatFailsOrHangsDelaysNoCallerAndIsRetriedAfterTheBackoff(t *testing.T) {
	failures := map[string]func(context.Context) (int, error){
		"error":   func(context.Context) (int, error) { return 0, errDown },
		"panic":   func(context.Context) (int, error) { panic(errDown) },
		"goexit":  func(context.Context) (int, error) { runtime.Goexit(); return 0, nil },
		"overrun": func(context.Context) (int, error) { time.Sleep(time.Minute); return 0, nil },
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
				start := time.Now()
				requireValue(t, 1, &h)
				synctest.Wait()
				requireValue(t, 1, &h)
				require.Zero(t, time.Since(start))
				if name == "overrun" {
					time.Sleep(5 * time.Second)
					synctest.Wait()
				}
				require.Contains(t, rec.kinds(), lazyclient.OpenFailed)

				time.Sleep(10*time.Second - 1)
				requireValue(t, 1, &h)
				synctest.Wait()
				require.Equal(t, 2, opens, "not before the backoff has passed")
				time.Sleep(time.Nanosecond)
				requireValue(t, 1, &h)
				synctest.Wait()
				requireValue(t, 3, &h)
				require.NoError(t, h.Close(t.Context()))
				require.Contains(t, rec.releases(), 1)
			})
		})
	}
}

func TestInvalidateDuringARefreshMakesCallersWaitForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, fails := range []bool{false, true} {
			opens := 0
			h := lazyclient.Holder[int]{MaxAge: time.Minute, Open: func(context.Context) (int, error) {
				if opens++; opens == 1 {
					return 1, nil
				}
				time.Sleep(2 * time.Second)
				if fails {
					return 0, errDown
				}
				return opens, nil
			}}
			requireValue(t, 1, &h)
			time.Sleep(2 * time.Minute)
			requireValue(t, 1, &h)
			time.Sleep(time.Second)
			require.True(t, lazyclient.Invalidate(&h, 1))
			r := <-background(t.Context(), &h)
			require.Equal(t, time.Second, r.took)
			if fails {
				require.ErrorIs(t, r.err, errDown)
			} else {
				require.Equal(t, 2, r.v)
			}
			require.Equal(t, 2, opens)
		}
	})
}

func TestClockThatWasSetBackDoesNotProlongALife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{Open: counting(&opens, 0), MaxAge: time.Minute}
		requireValue(t, 1, &h)
		lazyclient.Freeze(&h, -24*time.Hour)
		requireValue(t, 1, &h)
		synctest.Wait()
		requireValue(t, 2, &h)
	})
}
