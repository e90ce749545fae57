package lazyclient_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/lazyclient"
)

func TestCloseReleasesTheCurrentValueAndIsTerminalAndIdempotent(t *testing.T) {
	rec, opens := recorder{}, 0
	h := lazyclient.Holder[int]{Name: "momento", Open: counting(&opens, 0), Release: rec.release, Observe: rec.observe}
	requireValue(t, 1, &h)
	for range 3 {
		require.NoError(t, h.Close(t.Context()))
	}
	require.Equal(t, []int{1}, rec.releases())
	_, err := h.Get(t.Context())
	require.ErrorIs(t, err, lazyclient.ErrClosed)
	require.EqualError(t, err, "lazyclient: holder is closed: momento")
	require.ErrorIs(t, h.Use(t.Context(), func(context.Context, int) error { return nil }), lazyclient.ErrClosed)
	h.Reset()
	require.ErrorIs(t, h.Warm(t.Context()), lazyclient.ErrClosed)
	require.Equal(t, 1, opens)
	require.Equal(t, []lazyclient.EventKind{lazyclient.Opened, lazyclient.Released}, rec.kinds())
}

func TestCloseOfAnUnusedHolderIsTerminalToo(t *testing.T) {
	h := lazyclient.Holder[int]{Open: func(context.Context) (int, error) { return 1, nil }}
	require.NoError(t, h.Close(t.Context()))
	require.ErrorIs(t, h.Warm(t.Context()), lazyclient.ErrClosed)
}

func TestCloseDuringAnOpenCancelsItAndReleasesItsLateValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := recorder{}
		var told time.Time
		h := lazyclient.Holder[int]{Release: rec.release, Observe: rec.observe, Open: func(ctx context.Context) (int, error) {
			<-ctx.Done()
			told = time.Now()
			require.ErrorIs(t, ctx.Err(), context.Canceled)
			time.Sleep(2 * time.Second)
			return 1, nil
		}}
		waiter := background(t.Context(), &h)
		time.Sleep(time.Second)
		start := time.Now()
		require.NoError(t, h.Close(t.Context()))
		require.Equal(t, 2*time.Second, time.Since(start), "Close waits for the running open")
		require.True(t, start.Equal(told))
		require.Equal(t, []int{1}, rec.releases())
		r := <-waiter
		require.ErrorIs(t, r.err, lazyclient.ErrClosed)
		require.Equal(t, time.Second, r.took, "the waiter does not wait for Close")
		require.Equal(t, []lazyclient.EventKind{lazyclient.Abandoned, lazyclient.Released}, rec.kinds())
	})
}

func TestCloseCancelsAnOpenThatAResetHasCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := lazyclient.Holder[int]{Open: func(ctx context.Context) (int, error) {
			<-ctx.Done()
			return 0, context.Cause(ctx)
		}}
		ctx, cancel := context.WithCancel(t.Context())
		waiter := background(ctx, &h)
		synctest.Wait()
		h.Reset() // the waiter starts the next one
		synctest.Wait()
		start := time.Now()
		require.NoError(t, h.Close(t.Context()))
		require.Zero(t, time.Since(start), "both were told")
		require.ErrorIs(t, (<-waiter).err, lazyclient.ErrClosed)
		cancel()
	})
}

func TestCloseWaitsForAbandonedOpensToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec, opens := recorder{}, 0
		h := lazyclient.Holder[int]{Open: counting(&opens, 4*time.Second), Timeout: time.Second, Release: rec.release}
		require.ErrorIs(t, h.Warm(t.Context()), context.DeadlineExceeded)
		start := time.Now()
		require.NoError(t, h.Close(t.Context()))
		require.Equal(t, 3*time.Second, time.Since(start))
		require.Equal(t, []int{1}, rec.releases())
	})
}

func TestCloseWaitsForTheBackoffThatTheTimerAsksFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := recorder{}
		h := lazyclient.Holder[int]{
			Timeout: time.Second, Observe: rec.observe,
			Open:    func(context.Context) (int, error) { time.Sleep(time.Second + time.Millisecond); return 0, errDown },
			Backoff: func(int) time.Duration { time.Sleep(5 * time.Millisecond); return time.Hour },
		}
		waiter := background(t.Context(), &h)
		time.Sleep(time.Second + 2*time.Millisecond) // Open has returned, the timer's goroutine asks
		start := time.Now()
		require.NoError(t, h.Close(t.Context()))
		require.Equal(t, 3*time.Millisecond, time.Since(start))
		require.ErrorIs(t, (<-waiter).err, lazyclient.ErrClosed)
		require.Equal(t, []lazyclient.EventKind{lazyclient.OpenFailed}, rec.kinds(), "and none after Close")
	})
}

func TestCloseWaitsForTheLastUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec, opens := recorder{}, 0
		h := lazyclient.Holder[int]{Open: counting(&opens, 0), Release: rec.release}
		go func() {
			_ = h.Use(t.Context(), func(context.Context, int) error {
				time.Sleep(3 * time.Second)
				return nil
			})
		}()
		synctest.Wait()
		start := time.Now()
		require.NoError(t, h.Close(t.Context()))
		require.Equal(t, 3*time.Second, time.Since(start))
		require.Equal(t, []int{1}, rec.releases())
	})
}

func TestCloseReturnsTheCauseWhenItsContextEndsFirst(t *testing.T) {
	why := errors.New("out of time")
	blocks := map[string]func(t *testing.T, h *lazyclient.Holder[int]){
		"an open that ignores its context": func(t *testing.T, h *lazyclient.Holder[int]) {
			h.Open = func(context.Context) (int, error) { time.Sleep(3 * time.Second); return 1, nil }
			background(t.Context(), h)
		},
		"a use": func(t *testing.T, h *lazyclient.Holder[int]) {
			go func() {
				_ = h.Use(t.Context(), func(context.Context, int) error { time.Sleep(3 * time.Second); return nil })
			}()
		},
		"a release that ignores its context": func(t *testing.T, h *lazyclient.Holder[int]) {
			h.Release = func(context.Context, int) error { time.Sleep(3 * time.Second); return errDown }
			requireValue(t, 1, h)
		},
	}
	for name, block := range blocks {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := lazyclient.Holder[int]{Open: func(context.Context) (int, error) { return 1, nil }}
				block(t, &h)
				synctest.Wait()
				ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, why)
				defer cancel()
				start := time.Now()
				require.Equal(t, why, h.Close(ctx))
				require.Equal(t, time.Second, time.Since(start))

				err := h.Close(t.Context()) // waits for the rest
				require.Equal(t, 3*time.Second, time.Since(start))
				if h.Release != nil {
					require.ErrorIs(t, err, errDown)
				} else {
					require.NoError(t, err)
				}
			})
		})
	}
}

func TestCloseWithinAnOpenEndsWithTheContextOfThatOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h lazyclient.Holder[int]
		var closeErr error
		h.Open = func(ctx context.Context) (int, error) {
			closeErr = h.Close(ctx)
			return 1, nil
		}
		require.ErrorIs(t, h.Warm(t.Context()), lazyclient.ErrClosed)
		require.NoError(t, h.Close(t.Context()))
		require.ErrorIs(t, closeErr, context.Canceled)
	})
}

func TestPanicOfAnAbandonedOpenIsObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := recorder{}
		h := lazyclient.Holder[int]{Observe: rec.observe, Open: func(context.Context) (int, error) {
			time.Sleep(time.Second)
			panic(errDown)
		}}
		waiter := background(t.Context(), &h)
		synctest.Wait()
		require.NoError(t, h.Close(t.Context()))
		require.ErrorIs(t, (<-waiter).err, lazyclient.ErrClosed)
		require.Equal(t, []lazyclient.EventKind{lazyclient.Abandoned, lazyclient.OpenFailed}, rec.kinds())
		require.ErrorIs(t, rec.events[1].Err, errDown)
	})
}

func TestPanicOfAnOpenThatOverranIsObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := recorder{}
		h := lazyclient.Holder[int]{Timeout: time.Second, Observe: rec.observe, Open: func(context.Context) (int, error) {
			time.Sleep(2 * time.Second)
			panic(errDown)
		}}
		require.ErrorIs(t, (<-background(t.Context(), &h)).err, context.DeadlineExceeded)
		require.NoError(t, h.Close(t.Context()))
		require.Equal(t, []lazyclient.EventKind{lazyclient.OpenFailed, lazyclient.Abandoned, lazyclient.OpenFailed}, rec.kinds())
		require.ErrorIs(t, rec.events[2].Err, errDown)
	})
}

func TestCloseOfAnIdleHolderNeedsNoTime(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		var h lazyclient.Holder[int]
		require.NoError(t, h.Close(ended))
	}
}

func TestCloseReturnsNoErrorOfAnEarlierRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{Open: counting(&opens, 0), Release: func(_ context.Context, v int) error {
			if v == 1 {
				return errDown
			}
			return nil
		}}
		requireValue(t, 1, &h)
		h.Reset()
		synctest.Wait()
		requireValue(t, 2, &h)
		require.NoError(t, h.Close(t.Context()))
	})
}
