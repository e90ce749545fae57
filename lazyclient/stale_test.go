package lazyclient_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/lazyclient"
)

func stale(context.Context, int) error { return errStale }

func TestReplacementThatIsStaleTooIsReplacedOnlyAfterItsBackoffSinceItWasOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		var counts []int
		h := lazyclient.Holder[int]{
			Open: counting(&opens, 500*time.Millisecond), Stale: isStale,
			Backoff: func(n int) time.Duration { counts = append(counts, n); return time.Duration(n) * time.Second },
		}
		require.Equal(t, errStale, h.Use(t.Context(), stale)) // replaces 1 by 2
		require.Equal(t, 2, opens)
		time.Sleep(time.Second - 1)
		require.Equal(t, errStale, h.Use(t.Context(), stale))
		requireValue(t, 2, &h)
		require.Equal(t, []int{1}, counts, "Backoff is asked once for each replacement")

		time.Sleep(time.Nanosecond)
		require.Equal(t, errStale, h.Use(t.Context(), stale)) // Backoff(1) has passed since 2 was opened
		requireValue(t, 3, &h)
		time.Sleep(2*time.Second - 1)
		require.Equal(t, errStale, h.Use(t.Context(), stale))
		requireValue(t, 3, &h)
		require.Equal(t, []int{1, 2}, counts)
	})
}

func TestFnDoesNotRunAgainForAValueThatIsNotReplaced(t *testing.T) {
	opens, runs := 0, 0
	h := lazyclient.Holder[int]{Open: counting(&opens, 0), Stale: isStale, Backoff: func(int) time.Duration { return time.Hour }}
	counted := func(context.Context, int) error { runs++; return errStale }
	require.Equal(t, errStale, h.Use(t.Context(), counted))
	require.Equal(t, 2, runs)
	require.Equal(t, errStale, h.Use(t.Context(), counted))
	require.Equal(t, 3, runs)
	require.Equal(t, 2, opens)
}

func TestFnDoesNotRunAgainAfterItsContextHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec, opens := recorder{}, 0
		h := lazyclient.Holder[int]{Open: counting(&opens, 0), Stale: isStale, Release: rec.release}
		ctx, cancel := context.WithCancel(t.Context())
		runs := 0
		require.Equal(t, errStale, h.Use(ctx, func(context.Context, int) error { runs++; cancel(); return errStale }))
		require.Equal(t, 1, runs)

		// Another caller has replaced the value, so there is one.
		ctx, cancel = context.WithCancel(t.Context())
		runs = 0
		require.Equal(t, errStale, h.Use(ctx, func(context.Context, int) error {
			runs++
			h.Reset()
			requireOpen(t, &h)
			cancel()
			return errStale
		}))
		require.Equal(t, 1, runs)
		require.NoError(t, h.Close(t.Context()), "no reference is left")
		require.Len(t, rec.releases(), opens)
	})
}

// Errors that are not stale say nothing about the token; only a success on the value in place does.
func TestOnlyASuccessOnTheValueInPlaceEndsARowOfStaleValues(t *testing.T) {
	fails := func(context.Context, int) error { return errDown }
	for name, c := range map[string]struct {
		between func(h *lazyclient.Holder[int], t *testing.T)
		ends    bool
	}{
		"a success":               {func(h *lazyclient.Holder[int], t *testing.T) { _ = h.Use(t.Context(), nothing) }, true},
		"a success of TryUse":     {func(h *lazyclient.Holder[int], t *testing.T) { _ = h.TryUse(t.Context(), nothing) }, true},
		"a reset":                 {func(h *lazyclient.Holder[int], t *testing.T) { h.Reset() }, true},
		"another error":           {func(h *lazyclient.Holder[int], t *testing.T) { _ = h.Use(t.Context(), fails) }, false},
		"another error of TryUse": {func(h *lazyclient.Holder[int], t *testing.T) { _ = h.TryUse(t.Context(), fails) }, false},
		"the caller's deadline": {func(h *lazyclient.Holder[int], t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			defer cancel()
			_ = h.Use(ctx, func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() })
		}, false},
		"invalidate": {func(h *lazyclient.Holder[int], t *testing.T) {
			v, _ := h.Get(t.Context())
			lazyclient.Invalidate(h, v)
		}, false},
		"a refresh": {func(h *lazyclient.Holder[int], t *testing.T) {
			lazyclient.Freeze(h, 2*time.Hour) // past MaxAge
			_, _ = h.Get(t.Context())
			synctest.Wait()
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				opens := 0
				h := lazyclient.Holder[int]{
					Open: counting(&opens, 0), Stale: isStale, MaxAge: time.Hour,
					Backoff: func(int) time.Duration { return 24 * time.Hour },
				}
				require.Equal(t, errStale, h.Use(t.Context(), stale))
				c.between(&h, t)
				requireOpen(t, &h)
				before := opens
				_ = h.Use(t.Context(), stale)
				require.Equal(t, c.ends, opens > before)
			})
		})
	}
}

func requireOpen(t *testing.T, h *lazyclient.Holder[int]) {
	t.Helper()
	require.NoError(t, h.Warm(t.Context()))
}

func TestLateSuccessOnAnOldValueDoesNotEndTheRow(t *testing.T) {
	opens := 0
	h := &lazyclient.Holder[int]{Open: counting(&opens, 0), Stale: isStale, Backoff: func(int) time.Duration { return time.Hour }}
	require.NoError(t, h.Use(t.Context(), func(ctx context.Context, _ int) error {
		_ = h.Use(ctx, stale) // replaces 1, which this call still holds
		return nil
	}))
	require.Equal(t, errStale, h.Use(t.Context(), stale))
	requireValue(t, 2, h)
}

func TestARevokedTokenDoesNotStormWhileOtherCallsEndInTheirDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{Open: counting(&opens, 0), Stale: isStale}
		var wg sync.WaitGroup
		end := time.Now().Add(3 * time.Second)
		for worker := range 16 {
			wg.Go(func() {
				for i := 0; time.Now().Before(end); i++ {
					ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
					_ = h.Use(ctx, func(ctx context.Context, _ int) error {
						if (i+worker)%20 == 0 {
							<-ctx.Done()
							return ctx.Err()
						}
						time.Sleep(time.Millisecond)
						return errStale
					})
					cancel()
				}
			})
		}
		wg.Wait()
		require.LessOrEqual(t, opens, 10)
		require.GreaterOrEqual(t, opens, 5)
	})
}
