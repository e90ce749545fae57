package lazyclient_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/lazyclient"
)

func TestWaitersAreLetGoAtTheDeadlineThoughOpenIgnoresItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec, opens := recorder{}, 0
		h := lazyclient.Holder[int]{
			Name: "momento", Timeout: 2 * time.Second, Release: rec.release, Open: counting(&opens, 10*time.Second),
			Backoff: func(int) time.Duration { return 3 * time.Second },
		}
		start := time.Now()
		one, two := background(t.Context(), &h), background(t.Context(), &h)
		first, second := <-one, <-two
		require.Same(t, first.err, second.err)
		require.ErrorIs(t, first.err, context.DeadlineExceeded)
		require.EqualError(t, first.err, "lazyclient: open momento: no result within 2s: context deadline exceeded")
		require.Equal(t, 2*time.Second, first.took)
		var failure *lazyclient.OpenError
		require.ErrorAs(t, first.err, &failure)
		require.True(t, start.Add(5*time.Second).Equal(failure.RetryAt), "the backoff counts from the deadline")

		time.Sleep(3 * time.Second)
		next := background(t.Context(), &h) // the second open, from 5 s to 15 s, overruns too
		require.ErrorIs(t, (<-next).err, context.DeadlineExceeded)
		synctest.Wait()
		require.Equal(t, 2, opens)

		time.Sleep(3*time.Second - 1) // 10 s: the first value has come, late
		require.Empty(t, rec.releases())
		time.Sleep(2 * time.Nanosecond)
		require.Equal(t, []int{1}, rec.releases(), "released, not published")
		time.Sleep(5 * time.Second)
		require.Equal(t, []int{1, 2}, rec.releases())
		require.NoError(t, h.Close(t.Context()))
	})
}

func TestOverrunIsDeadlineExceededThoughOpenReturnsAnotherErrorAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 1000 { // whether the timer or Open is seen first is for the scheduler to decide
			h := lazyclient.Holder[int]{Open: func(ctx context.Context) (int, error) {
				<-ctx.Done()
				return 0, errDown
			}}
			r := <-background(t.Context(), &h)
			require.ErrorIs(t, r.err, context.DeadlineExceeded)
			require.Equal(t, 5*time.Second, r.took)
		}
	})
}

func TestOpenOlderThanItsTimeoutIsAbandonedByTheNextGet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec, opens := recorder{}, 0
		gate := make(chan struct{})
		h := lazyclient.Holder[int]{
			Timeout: 5 * time.Second, Release: rec.release, Observe: rec.observe,
			Open: func(ctx context.Context) (int, error) {
				if opens++; opens > 1 {
					return opens, nil
				}
				<-gate
				if !errors.Is(ctx.Err(), context.Canceled) {
					t.Error("the abandoned open was not told")
				}
				return opens, nil
			},
		}
		waiter := background(t.Context(), &h)
		synctest.Wait()
		time.Sleep(time.Second)
		lazyclient.Freeze(&h, time.Hour)

		requireValue(t, 2, &h)
		require.ErrorIs(t, (<-waiter).err, context.DeadlineExceeded)
		close(gate)
		synctest.Wait()
		require.Len(t, rec.releases(), 1, "the late value is released, not published")
		require.Equal(t, []lazyclient.EventKind{
			lazyclient.OpenFailed, lazyclient.Abandoned, lazyclient.Opened, lazyclient.Released,
		}, rec.kinds())
		requireValue(t, 2, &h)
	})
}

func TestCallerThatEndsAnOverdueOpenObservesTheBackoffFromTheDeadline(t *testing.T) {
	for frozen, opensAnew := range map[time.Duration]bool{
		5 * time.Second: false, 14 * time.Second: false, 15 * time.Second: true, time.Hour: true,
	} {
		synctest.Test(t, func(t *testing.T) {
			opens := 0
			h := lazyclient.Holder[int]{
				Timeout: 5 * time.Second, Backoff: func(int) time.Duration { return 10 * time.Second },
				Open: func(ctx context.Context) (int, error) {
					if opens++; opens == 1 {
						<-ctx.Done()
						return 0, ctx.Err()
					}
					return opens, nil
				},
			}
			waiter := background(t.Context(), &h)
			synctest.Wait()
			lazyclient.Freeze(&h, frozen) // and the timer has not fired
			r := <-background(t.Context(), &h)
			if opensAnew {
				require.Equal(t, result{v: 2}, r)
			} else {
				require.ErrorIs(t, r.err, context.DeadlineExceeded)
				require.Equal(t, 1, opens)
			}
			require.ErrorIs(t, (<-waiter).err, context.DeadlineExceeded)
		})
	}
}

func TestDeadlineEndsTheWaitWhileBackoffIsAskedAboutAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := recorder{}
		h := lazyclient.Holder[int]{
			Timeout: 2 * time.Second, Observe: rec.observe,
			Open:    func(context.Context) (int, error) { time.Sleep(time.Second); return 0, errDown },
			Backoff: func(int) time.Duration { time.Sleep(time.Hour); return 0 },
		}
		r := <-background(t.Context(), &h)
		require.ErrorIs(t, r.err, context.DeadlineExceeded)
		require.Equal(t, 2*time.Second, r.took)
		time.Sleep(2 * time.Hour)
		require.Equal(t, []lazyclient.EventKind{lazyclient.OpenFailed}, rec.kinds(), "its Open had returned")
	})
}

func TestBackoffOfAnOverrunCountsFromTheDeadlineByWallClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var opens atomic.Int32
		h := lazyclient.Holder[int]{
			Timeout: 5 * time.Second, Backoff: func(int) time.Duration { return 3 * time.Second },
			Open: func(context.Context) (int, error) {
				n := int(opens.Add(1))
				if n == 1 {
					time.Sleep(time.Minute)
				}
				return n, nil
			},
		}
		start := time.Now()
		waiter := background(t.Context(), &h)
		synctest.Wait()
		lazyclient.Freeze(&h, 4*time.Second) // the deadline is 1 s from now by wall clock, 5 s by the timer
		var failure *lazyclient.OpenError
		require.ErrorAs(t, (<-waiter).err, &failure)
		require.True(t, start.Add(4*time.Second).Equal(failure.RetryAt))
		requireValue(t, 2, &h)
		require.NoError(t, h.Close(t.Context()))
	})
}

func TestOpenYoungerThanItsTimeoutIsJoinedAfterAFreeze(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{Timeout: 5 * time.Second, Open: counting(&opens, time.Second)}
		first := background(t.Context(), &h)
		synctest.Wait()
		lazyclient.Freeze(&h, 4*time.Second)
		requireValue(t, 1, &h)
		require.NoError(t, (<-first).err)
		require.Equal(t, 1, opens)
	})
}

func TestBackoffCountsByWallClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{
			Backoff: func(int) time.Duration { return time.Minute },
			Open: func(context.Context) (int, error) {
				if opens++; opens == 1 {
					return 0, errDown
				}
				return opens, nil
			},
		}
		require.ErrorIs(t, h.Warm(t.Context()), errDown)
		lazyclient.Freeze(&h, time.Minute)
		requireValue(t, 2, &h)
	})
}

func TestClockThatWasSetBackDoesNotProlongABackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{Open: func(context.Context) (int, error) {
			if opens++; opens == 1 {
				return 0, errDown
			}
			return opens, nil
		}}
		require.ErrorIs(t, h.Warm(t.Context()), errDown)
		lazyclient.Freeze(&h, -time.Hour)
		requireValue(t, 2, &h)
	})
}

func TestDurationsAreTakenFromTheWallClockAlone(t *testing.T) {
	require.Contains(t, time.Now().String(), "m=", "a monotonic reading, which stands still in a freeze")
	require.NotContains(t, lazyclient.WallNow().String(), "m=")
}

func TestManyCallersAfterAFreezeCauseOneOpenAndShareItsFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var opens atomic.Int32
		h := lazyclient.Holder[int]{
			Timeout: 5 * time.Second, Backoff: func(int) time.Duration { return time.Hour },
			Open: func(ctx context.Context) (int, error) {
				if opens.Add(1) == 1 {
					<-ctx.Done()
				}
				return 0, errDown
			},
		}
		waiter := background(t.Context(), &h)
		synctest.Wait()
		lazyclient.Freeze(&h, 2*time.Hour)
		var calls []<-chan result
		for range 10 {
			calls = append(calls, background(t.Context(), &h))
		}
		require.ErrorIs(t, (<-waiter).err, context.DeadlineExceeded)
		for _, call := range calls {
			require.ErrorIs(t, (<-call).err, errDown)
		}
		require.EqualValues(t, 2, opens.Load())
	})
}

func TestCallerBesideOneThatEndsAnOverdueOpenOpensAnewIfTheBackoffIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{
			Open: func(ctx context.Context) (int, error) {
				if opens++; opens == 1 {
					<-ctx.Done()
				}
				return opens, ctx.Err()
			},
			Backoff: func(int) time.Duration { time.Sleep(time.Millisecond); return time.Minute },
		}
		first := background(t.Context(), &h)
		synctest.Wait()
		lazyclient.Freeze(&h, time.Hour)
		ends := background(t.Context(), &h)
		synctest.Wait() // it asks Backoff
		requireValue(t, 2, &h)
		require.Equal(t, 2, (<-ends).v)
		require.ErrorIs(t, (<-first).err, context.DeadlineExceeded)
	})
}

func TestWallClockThatRunsSlowDoesNotCancelTheBackoffOfAnOverrun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var opens atomic.Int32
		h := lazyclient.Holder[int]{
			Timeout: 5 * time.Second, Backoff: func(int) time.Duration { return time.Minute },
			Open: func(context.Context) (int, error) {
				opens.Add(1)
				time.Sleep(time.Hour)
				return 0, errDown
			},
		}
		waiter := background(t.Context(), &h)
		synctest.Wait()
		lazyclient.Freeze(&h, -time.Millisecond)
		require.ErrorIs(t, (<-waiter).err, context.DeadlineExceeded)
		require.ErrorIs(t, h.Warm(t.Context()), context.DeadlineExceeded)
		require.EqualValues(t, 1, opens.Load())
		require.NoError(t, h.Close(t.Context()))
	})
}

func TestBackoffOfAnOpenThatReturnsAtItsDeadlineCountsFromTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{
			Timeout: 5 * time.Second,
			Backoff: func(int) time.Duration { return 3 * time.Second },
			Open: func(ctx context.Context) (int, error) {
				if opens++; opens > 1 {
					return 7, nil
				}
				<-ctx.Done()
				return 0, errDown
			},
		}
		waiter := background(t.Context(), &h)
		synctest.Wait()
		lazyclient.Freeze(&h, time.Hour)
		require.ErrorIs(t, (<-waiter).err, context.DeadlineExceeded)
		requireValue(t, 7, &h) // an hour after the deadline
	})
}
