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

// The deadline is found by Open's return, the timer and callers, in an order that the scheduler
// decides.
func TestBackoffIsObservedByAllThatFindTheDeadlineAtOnce(t *testing.T) {
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			asked := 0
			h := lazyclient.Holder[int]{
				Open: func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, ctx.Err() },
				Backoff: func(int) time.Duration {
					asked++
					for range 10 {
						runtime.Gosched()
					}
					return time.Hour
				},
			}
			retryAt := time.Now().Add(5*time.Second + time.Hour)
			waiter := background(t.Context(), &h)
			time.Sleep(5 * time.Second)
			caller := background(t.Context(), &h)
			for _, r := range []result{<-waiter, <-caller} {
				var failure *lazyclient.OpenError
				require.ErrorAs(t, r.err, &failure)
				require.True(t, retryAt.Equal(failure.RetryAt), "retry at %v", failure.RetryAt)
			}
			require.Equal(t, 1, asked, "once for each failure")
		})
	}
}

func TestOpenThatReturnsAValueAtItsDeadlineEitherOpensOrFails(t *testing.T) {
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			rec, opens, asked := recorder{}, 0, 0
			h := lazyclient.Holder[int]{
				Open: counting(&opens, 5*time.Second), Observe: rec.observe,
				Backoff: func(int) time.Duration { asked++; return time.Hour },
			}
			waiter := background(t.Context(), &h)
			time.Sleep(5 * time.Second)
			caller := background(t.Context(), &h)
			opened := (<-waiter).err == nil
			require.Equal(t, opened, (<-caller).err == nil)
			synctest.Wait()
			if opened {
				require.Equal(t, []lazyclient.EventKind{lazyclient.Opened}, rec.kinds())
				require.Zero(t, asked)
			} else {
				require.Contains(t, rec.kinds(), lazyclient.OpenFailed)
				require.NotContains(t, rec.kinds(), lazyclient.Opened)
				require.Equal(t, 1, asked)
			}
		})
	}
}

func TestSlowBackoffDoesNotHoldUpTheEndOfAnOpen(t *testing.T) {
	const grace = 10 * time.Millisecond
	for name, tc := range map[string]struct {
		fails time.Duration // when Open returns
		ends  time.Duration // when its waiters get the failure
	}{
		"asked before the deadline":                 {fails: time.Second, ends: 5 * time.Second},
		"asked at the deadline":                     {fails: 5 * time.Second, ends: 5*time.Second + grace},
		"asked at the deadline of an abandoned one": {fails: time.Minute, ends: 5*time.Second + grace},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rec, opens := recorder{}, 0
				h := lazyclient.Holder[int]{
					Observe: rec.observe,
					Open:    func(context.Context) (int, error) { opens++; time.Sleep(tc.fails); return 0, errDown },
					Backoff: func(int) time.Duration { time.Sleep(time.Hour); return 0 },
				}
				waiter := background(t.Context(), &h)
				time.Sleep(5 * time.Second)
				synctest.Wait()
				for range 15 {
					r := <-background(t.Context(), &h)
					require.ErrorIs(t, r.err, context.DeadlineExceeded)
					require.LessOrEqual(t, r.took, grace)
				}
				r := <-waiter
				require.Equal(t, tc.ends, r.took)
				require.ErrorIs(t, r.err, context.DeadlineExceeded)
				require.Equal(t, 1, opens)
				time.Sleep(2 * time.Hour)
				want := []lazyclient.EventKind{lazyclient.OpenFailed}
				if tc.fails > 5*time.Second {
					want = append(want, lazyclient.Abandoned)
				}
				require.Equal(t, want, rec.kinds())
			})
		})
	}
}

func TestValueThatComesWhileBackoffIsAskedAboutTheDeadlineIsReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec, opens := recorder{}, 0
		h := lazyclient.Holder[int]{
			Timeout: 2 * time.Second, Release: rec.release, Open: counting(&opens, 2*time.Second+time.Millisecond),
			Backoff: func(int) time.Duration { time.Sleep(2 * time.Millisecond); return time.Hour },
		}
		r := <-background(t.Context(), &h)
		require.ErrorIs(t, r.err, context.DeadlineExceeded)
		require.NoError(t, h.Close(t.Context()))
		require.Equal(t, []int{1}, rec.releases())
	})
}
