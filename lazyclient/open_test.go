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

func TestTimerOfAnOpenThatIsOverDoesNotFire(t *testing.T) {
	for name, over := range map[string]struct {
		open time.Duration // beside a Timeout of 2 s
		by   func(h *lazyclient.Holder[int])
	}{
		"by its result": {time.Second, func(*lazyclient.Holder[int]) {}},
		"by Reset":      {5 * time.Second, func(h *lazyclient.Holder[int]) { h.Reset() }},
		"by Close":      {5 * time.Second, func(h *lazyclient.Holder[int]) { _ = h.Close(context.Background()) }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := 0 // a timer that fires asks for the backoff
				h := lazyclient.Holder[int]{
					Open:    func(context.Context) (int, error) { time.Sleep(over.open); return 7, nil },
					Timeout: 2 * time.Second,
					Backoff: func(int) time.Duration { asked++; return 0 },
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
				defer cancel()
				_, err := h.Get(ctx)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				over.by(&h)
				time.Sleep(time.Minute)
				require.Zero(t, asked)
			})
		})
	}
}

func TestOpenContextEndsBeforeTheOldValueIsReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var given context.Context
		h := lazyclient.Holder[int]{
			MaxAge:  time.Minute,
			Timeout: time.Hour,
			Open:    func(ctx context.Context) (int, error) { given = ctx; return 7, nil },
			Release: func(context.Context, int) error { time.Sleep(10 * time.Minute); return nil },
		}
		requireValue(t, 7, &h)
		time.Sleep(2 * time.Minute)
		requireValue(t, 7, &h)
		synctest.Wait()
		require.Error(t, given.Err())
		require.NoError(t, h.Close(t.Context()))
	})
}

func TestGoexitInBackoffCostsNoWaiter(t *testing.T) {
	for name, open := range map[string]func(ctx context.Context) (int, error){
		"after an error":   func(context.Context) (int, error) { return 0, errDown },
		"after an overrun": func(context.Context) (int, error) { time.Sleep(time.Minute); return 0, errDown },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := lazyclient.Holder[int]{Open: open, Backoff: func(int) time.Duration { runtime.Goexit(); return 0 }}
				start := time.Now()
				_, err := h.Get(t.Context())
				var failed *lazyclient.OpenError
				require.ErrorAs(t, err, &failed)
				require.LessOrEqual(t, time.Since(start), 5*time.Second)
				require.Equal(t, time.Second, failed.RetryAt.Sub(lazyclient.WallNow()))
				time.Sleep(time.Minute)
			})
		})
	}
}

func TestGoexitInObserveLeavesNoOverrunOpenUntold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var given context.Context
		opens := 0
		h := lazyclient.Holder[int]{
			Open: func(ctx context.Context) (int, error) {
				if opens++; opens == 1 {
					given = ctx
					time.Sleep(time.Second) // ignores its context, and is frozen meanwhile
				}
				return 7, nil
			},
			Observe: func(e lazyclient.Event) {
				if e.Kind == lazyclient.OpenFailed {
					runtime.Goexit()
				}
			},
		}
		waiter := background(t.Context(), &h)
		synctest.Wait()
		lazyclient.Freeze(&h, time.Hour)
		next := background(t.Context(), &h) // finds the overrun, and ends in Observe
		synctest.Wait()
		require.Error(t, given.Err())
		<-waiter
		<-next
		time.Sleep(time.Minute)
	})
}

func TestResetAfterAFailedOpenReturnedShowsTheFailureAndNoAbandonedOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var rec recorder
		opens := 0
		h := lazyclient.Holder[int]{Observe: rec.observe, Open: func(context.Context) (int, error) {
			if opens++; opens == 1 {
				return 0, errDown
			}
			return opens, nil
		}}
		h.Backoff = func(int) time.Duration { // Open has returned, and its end is not known yet
			h.Reset()
			return time.Hour
		}
		requireValue(t, 2, &h)
		synctest.Wait()
		require.ElementsMatch(t, []lazyclient.EventKind{lazyclient.OpenFailed, lazyclient.Opened}, rec.kinds())
	})
}
