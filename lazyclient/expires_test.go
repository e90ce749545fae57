package lazyclient_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/lazyclient"
)

// inAMinute is an Expires.
func inAMinute(int) time.Time { return time.Now().Add(time.Minute) }

func TestValuePastExpiresIsNotServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec, opens := recorder{}, 0
		h := lazyclient.Holder[int]{Open: counting(&opens, time.Second), Expires: inAMinute, Release: rec.release}
		requireValue(t, 1, &h)
		time.Sleep(time.Minute - 1)
		requireValue(t, 1, &h)
		time.Sleep(time.Nanosecond)
		require.ErrorIs(t, h.TryUse(t.Context(), nothing), lazyclient.ErrOpening)
		one, two := background(t.Context(), &h), background(t.Context(), &h)
		for _, call := range []<-chan result{one, two} {
			require.Equal(t, result{v: 2, took: time.Second}, <-call, "callers wait as if cold")
		}
		require.Equal(t, 2, opens)
		synctest.Wait()
		require.Equal(t, []int{1}, rec.releases())
	})
}

func TestCallersAfterExpiryGetTheErrorOfTheOpenAtOnceDuringTheBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{
			Expires: inAMinute, Backoff: func(int) time.Duration { return 10 * time.Second },
			Open: func(context.Context) (int, error) {
				if opens++; opens == 1 {
					return 1, nil
				}
				time.Sleep(time.Second)
				return 0, errDown
			},
		}
		requireValue(t, 1, &h)
		time.Sleep(time.Minute)
		r := <-background(t.Context(), &h)
		require.ErrorIs(t, r.err, errDown)
		require.Equal(t, time.Second, r.took)
		r = <-background(t.Context(), &h)
		require.ErrorIs(t, r.err, errDown)
		require.Zero(t, r.took)
		require.Equal(t, 2, opens)
	})
}

func TestSmallerMaxAgeRefreshesBeforeTheValueExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{Open: counting(&opens, time.Second), Expires: inAMinute, MaxAge: 50 * time.Second}
		start := time.Now()
		requireValue(t, 1, &h)
		waited := time.Since(start)
		for range 1000 { // a call each second, and none waits
			before := time.Now()
			_, err := h.Get(t.Context())
			require.NoError(t, err)
			require.Zero(t, time.Since(before))
			time.Sleep(time.Second)
		}
		require.Equal(t, time.Second, waited)
		require.Greater(t, opens, 10)
	})
}

func TestRefreshThatOutlastsTheValueIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{Open: counting(&opens, 3*time.Second), Expires: inAMinute, MaxAge: 58 * time.Second}
		requireValue(t, 1, &h)
		time.Sleep(59 * time.Second)
		requireValue(t, 1, &h)
		time.Sleep(time.Second) // the value expires, and the refresh has two seconds to go
		require.Equal(t, result{v: 2, took: 2 * time.Second}, <-background(t.Context(), &h))
		require.Equal(t, 2, opens)
	})
}

func TestExpiryCountsTheTimeSpentFrozen(t *testing.T) {
	opens := 0
	h := lazyclient.Holder[int]{Open: counting(&opens, 0), Expires: inAMinute}
	requireValue(t, 1, &h)
	lazyclient.Freeze(&h, time.Minute)
	requireValue(t, 2, &h)
}

func TestZeroTimeNeverExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{Open: counting(&opens, 0), Expires: func(int) time.Time { return time.Time{} }}
		requireValue(t, 1, &h)
		time.Sleep(10_000 * time.Hour)
		requireValue(t, 1, &h)
	})
}

func TestValueThatHasExpiredWhenOpenReturnsIsAFailedOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec, opens := recorder{}, 0
		h := lazyclient.Holder[int]{
			Name: "token", Open: counting(&opens, 0), Release: rec.release, Observe: rec.observe,
			Expires: func(int) time.Time { return time.Now() },
			Backoff: func(int) time.Duration { return time.Minute },
		}
		_, err := h.Get(t.Context())
		require.ErrorContains(t, err, "lazyclient: open token: the value expired at 2000-01-01T00:00:00Z")
		_, again := h.Get(t.Context())
		require.Same(t, err, again, "within the backoff")
		synctest.Wait()
		require.Equal(t, []int{1}, rec.releases())
		require.ElementsMatch(t, []lazyclient.EventKind{lazyclient.OpenFailed, lazyclient.Released}, rec.kinds())
	})
}

func TestPanicInExpiresIsOneOfOpenAndTheValueIsReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec, opens := recorder{}, 0
		h := lazyclient.Holder[int]{
			Open: counting(&opens, 0), Release: rec.release, Expires: func(int) time.Time { panic(errDown) },
		}
		r := <-background(t.Context(), &h)
		p, ok := r.panic.(*lazyclient.PanicError)
		require.True(t, ok)
		require.Equal(t, errDown, p.Value)
		synctest.Wait()
		require.Equal(t, []int{1}, rec.releases())
	})
}
