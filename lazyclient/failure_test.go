package lazyclient_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/lazyclient"
)

func TestEveryWaiterOfAFailedOpenGetsTheSameOpenError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{Name: "momento", Open: func(context.Context) (int, error) {
			opens++
			time.Sleep(50 * time.Millisecond)
			return 0, errDown
		}}
		var calls []<-chan result
		for range 10 {
			calls = append(calls, background(t.Context(), &h))
		}
		first := <-calls[0]
		var failure *lazyclient.OpenError
		require.ErrorAs(t, first.err, &failure)
		require.ErrorIs(t, first.err, errDown)
		require.EqualError(t, first.err, "lazyclient: open momento: service is down")
		require.Equal(t, "momento", failure.Holder)
		require.Equal(t, 1, failure.Failures)
		for _, call := range calls[1:] {
			r := <-call
			require.Same(t, failure, r.err)
			require.Equal(t, 50*time.Millisecond, r.took)
		}
		require.Equal(t, 1, opens)
	})
}

func TestGetFailsAtOnceUntilTheBackoffHasPassedThenOpensAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		var counts []int
		h := lazyclient.Holder[int]{
			Backoff: func(failures int) time.Duration {
				counts = append(counts, failures)
				return time.Duration(failures) * time.Second
			},
			Open: func(context.Context) (int, error) {
				if opens++; opens <= 2 || opens == 4 {
					return 0, errDown
				}
				return opens, nil
			},
		}
		_, first := h.Get(t.Context())
		failedAt := time.Now()
		time.Sleep(time.Second - 1)
		_, again := h.Get(t.Context())
		require.Same(t, first, again)
		require.Equal(t, 1, opens)
		var failure *lazyclient.OpenError
		require.ErrorAs(t, first, &failure)
		require.True(t, failedAt.Add(time.Second).Equal(failure.RetryAt))

		time.Sleep(time.Nanosecond)
		_, second := h.Get(t.Context())
		require.ErrorAs(t, second, &failure)
		require.Equal(t, 2, failure.Failures)
		require.EqualError(t, second, "lazyclient: open int: service is down (2 failures in a row)")
		time.Sleep(2 * time.Second)
		requireValue(t, 3, &h)

		require.True(t, lazyclient.Invalidate(&h, 3))
		_, err := h.Get(t.Context())
		require.ErrorAs(t, err, &failure)
		require.Equal(t, 1, failure.Failures, "a success clears the count")
		require.Equal(t, []int{1, 2, 1}, counts)
	})
}

func TestDefaultBackoffDoublesFromFiftyMillisecondsToOneSecondWithJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := lazyclient.Holder[int]{Open: func(context.Context) (int, error) { return 0, errDown }}
		jittered := false
		for i, want := range []time.Duration{50, 100, 200, 400, 800, 1000, 1000, 1000} {
			want *= time.Millisecond
			_, err := h.Get(t.Context())
			var failure *lazyclient.OpenError
			require.ErrorAs(t, err, &failure)
			require.Equal(t, i+1, failure.Failures)
			wait := time.Until(failure.RetryAt)
			require.LessOrEqual(t, wait, want)
			require.GreaterOrEqual(t, wait, want*3/4)
			jittered = jittered || wait != want
			time.Sleep(wait)
		}
		require.True(t, jittered)
	})
}

func TestPanickingBackoffCountsAsNil(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := lazyclient.Holder[int]{
			Backoff: func(int) time.Duration { panic("no backoff today") },
			Open:    func(context.Context) (int, error) { return 0, errDown },
		}
		_, err := h.Get(t.Context())
		var failure *lazyclient.OpenError
		require.ErrorAs(t, err, &failure)
		require.ErrorIs(t, err, errDown)
		require.Greater(t, time.Until(failure.RetryAt), 30*time.Millisecond)
	})
}

func TestPanicReachesEveryWaiterWithValueAndStackAndNoOtherGoroutineDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{Name: "momento", Open: func(context.Context) (int, error) {
			time.Sleep(time.Second)
			if opens++; opens == 1 {
				explode()
			}
			return opens, nil
		}}
		calls := []<-chan result{background(t.Context(), &h), background(t.Context(), &h), background(t.Context(), &h)}
		first := (<-calls[0]).panic
		require.IsType(t, &lazyclient.PanicError{}, first)
		p := first.(*lazyclient.PanicError)
		require.Equal(t, "momento", p.Holder)
		require.Equal(t, errDown, p.Value)
		require.ErrorIs(t, p, errDown)
		require.Contains(t, string(p.Stack), "explode")
		require.True(t, strings.HasPrefix(p.Error(), "lazyclient: panic in momento: service is down\n\n"))
		require.Contains(t, p.Error(), "explode", "a crash shows where it began")
		for _, call := range calls[1:] {
			require.Same(t, p, (<-call).panic)
		}

		_, err := h.Get(t.Context())
		var failure *lazyclient.OpenError
		require.ErrorAs(t, err, &failure, "during the backoff it is an error")
		require.Same(t, p, failure.Err)
		require.EqualError(t, err, "lazyclient: open momento: lazyclient: panic in momento: service is down")

		time.Sleep(time.Until(failure.RetryAt))
		requireValue(t, 2, &h)
	})
}

func explode() { panic(errDown) }

func TestPanicErrorUnwrapsToItsValueOnlyIfThatIsAnError(t *testing.T) {
	require.NoError(t, errors.Unwrap(&lazyclient.PanicError{Value: "text"}))
	require.Equal(t, errDown, errors.Unwrap(&lazyclient.PanicError{Value: errDown}))
}

func TestPanicErrorThatOpenReturnsIsAnErrorNotAPanic(t *testing.T) {
	inner := &lazyclient.PanicError{Holder: "secret", Value: "boom"}
	h := lazyclient.Holder[int]{Open: func(context.Context) (int, error) { return 0, inner }}
	_, err := h.Get(t.Context())
	require.ErrorIs(t, err, inner)
}

func TestGoexitInOpenGivesErrGoexitAndNothingHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{Open: func(context.Context) (int, error) {
			if opens++; opens == 1 {
				runtime.Goexit()
			}
			return opens, nil
		}}
		calls := []<-chan result{background(t.Context(), &h), background(t.Context(), &h)}
		for _, call := range calls {
			require.ErrorIs(t, (<-call).err, lazyclient.ErrGoexit)
		}
		time.Sleep(time.Second)
		requireValue(t, 2, &h)
		require.NoError(t, h.Close(t.Context()))
	})
}

// In real time: under synctest the clock stands still between the callers.
func TestConcurrentCallersNeverSlipThroughABackoff(t *testing.T) {
	for range 100 {
		var opens atomic.Int32
		h := lazyclient.Holder[int]{
			Backoff: func(int) time.Duration { return time.Hour },
			Open:    func(context.Context) (int, error) { opens.Add(1); return 0, errDown },
		}
		var callers sync.WaitGroup
		for range 32 {
			callers.Go(func() {
				for range 50 {
					_, _ = h.Get(t.Context())
				}
			})
		}
		callers.Wait()
		require.EqualValues(t, 1, opens.Load())
	}
}

func TestTinyTimeoutFailsOnceAndStartsNoSecondOpen(t *testing.T) {
	var opens atomic.Int32
	h := lazyclient.Holder[int]{
		Timeout: time.Nanosecond, Backoff: func(int) time.Duration { return time.Hour },
		Open: func(ctx context.Context) (int, error) {
			opens.Add(1)
			<-ctx.Done()
			return 0, ctx.Err()
		},
	}
	for range 10 {
		require.ErrorIs(t, h.Warm(t.Context()), context.DeadlineExceeded)
	}
	require.NoError(t, h.Close(t.Context())) // when the open has begun, and ended
	require.EqualValues(t, 1, opens.Load())
}
