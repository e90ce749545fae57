package lazyclient_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/lazyclient"
)

func TestTryUseOfAColdHolderStartsOneOpenAndDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{Name: "cache", Open: counting(&opens, time.Second)}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		start := time.Now()
		for range 10 {
			err := h.TryUse(ended, func(context.Context, int) error { t.Error("fn runs"); return nil })
			require.ErrorIs(t, err, lazyclient.ErrOpening)
			require.EqualError(t, err, "lazyclient: value is being opened: cache")
		}
		require.Zero(t, time.Since(start))
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, 1, opens, "though ctx had ended")
		ran := 0
		require.Equal(t, errDown, h.TryUse(t.Context(), func(_ context.Context, v int) error { ran = v; return errDown }))
		require.Equal(t, 1, ran)
	})
}

func TestTryUseReturnsTheBackoffsErrorAndErrClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{
			Open:    func(context.Context) (int, error) { opens++; return 0, errDown },
			Backoff: func(int) time.Duration { return time.Minute },
		}
		_, failed := h.Get(t.Context())
		require.Same(t, failed, h.TryUse(t.Context(), nothing))
		require.Equal(t, 1, opens)
		time.Sleep(time.Minute)
		require.ErrorIs(t, h.TryUse(t.Context(), nothing), lazyclient.ErrOpening)
		synctest.Wait()
		require.Equal(t, 2, opens)
		require.NoError(t, h.Close(t.Context()))
		require.ErrorIs(t, h.TryUse(t.Context(), nothing), lazyclient.ErrClosed)
	})
}

func TestTryUseOfAStaleValueStartsTheReopenWithoutASecondRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec, opens := recorder{}, 0
		h := lazyclient.Holder[int]{
			Open: counting(&opens, time.Second), Stale: isStale, Release: rec.release,
			Backoff: func(int) time.Duration { return time.Minute },
		}
		requireValue(t, 1, &h)
		runs := 0
		stale := func(context.Context, int) error { runs++; return errStale }
		start := time.Now()
		err := h.TryUse(t.Context(), stale)
		require.ErrorIs(t, err, errStale)
		require.ErrorIs(t, err, lazyclient.ErrOpening)
		require.Equal(t, 1, runs)
		require.Zero(t, time.Since(start))
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, 2, opens)
		require.Equal(t, []int{1}, rec.releases())

		require.Equal(t, errStale, h.TryUse(t.Context(), stale), "not replaced before the backoff: fn's error alone")
		require.Equal(t, 2, opens)
	})
}

func TestTryUseOfAStaleValueThatIsReplacedAlreadyDoesNotRunAgain(t *testing.T) {
	opens, runs := 0, 0
	h := lazyclient.Holder[int]{Open: counting(&opens, 0), Stale: isStale}
	require.NoError(t, h.Warm(t.Context()))
	err := h.TryUse(t.Context(), func(context.Context, int) error {
		runs++
		h.Reset()
		requireValue(t, 2, &h)
		return errStale
	})
	require.ErrorIs(t, err, errStale)
	require.ErrorIs(t, err, lazyclient.ErrOpening)
	require.Equal(t, 1, runs)
	requireValue(t, 2, &h)
}

func TestTryUseKeepsTheValueFromBeingReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec, opens := recorder{}, 0
		h := lazyclient.Holder[int]{Open: counting(&opens, 0), Release: rec.release}
		requireValue(t, 1, &h)
		require.NoError(t, h.TryUse(t.Context(), func(context.Context, int) error {
			h.Reset()
			synctest.Wait()
			require.Empty(t, rec.releases())
			return nil
		}))
		synctest.Wait()
		require.Equal(t, []int{1}, rec.releases())
	})
}

func TestTryUseOfAStaleValueNamesTheFailureThatKeepsItFromBeingOpenedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{
			Stale: isStale, MaxAge: time.Minute, Backoff: func(int) time.Duration { return time.Hour },
			Open: func(context.Context) (int, error) {
				if opens++; opens == 1 {
					return 1, nil
				}
				return 0, errDown
			},
		}
		requireValue(t, 1, &h)
		time.Sleep(2 * time.Minute)
		requireValue(t, 1, &h) // and its refresh fails
		synctest.Wait()
		err := h.TryUse(t.Context(), func(context.Context, int) error { return errStale })
		require.ErrorIs(t, err, errStale)
		require.ErrorIs(t, err, errDown)
		require.NotErrorIs(t, err, lazyclient.ErrOpening)
		require.Equal(t, 2, opens)
	})
}
