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

func TestOpenThatAsksForItsOwnHolderGetsErrCycle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := lazyclient.Holder[int]{Name: "a"}
		h.Open = func(ctx context.Context) (int, error) { return h.Get(ctx) }
		start := time.Now()
		err := h.Warm(t.Context())
		require.ErrorIs(t, err, lazyclient.ErrCycle)
		require.EqualError(t, err, "lazyclient: open a: lazyclient: open waits for itself: a -> a")
		require.Zero(t, time.Since(start))
	})
}

func TestOpenThatAsksForItsOwnHolderAroundAChainGetsErrCycle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a lazyclient.Holder[int]
		c := lazyclient.Holder[string]{Name: "c", Open: func(ctx context.Context) (string, error) {
			return "", a.Use(ctx, func(context.Context, int) error { return nil })
		}}
		b := lazyclient.Holder[bool]{Name: "b", Open: func(ctx context.Context) (bool, error) { return true, c.Warm(ctx) }}
		a.Name = "a"
		a.Open = func(ctx context.Context) (int, error) { return 1, lazyclient.WarmAll(ctx, &b) }
		start := time.Now()
		err := a.Warm(t.Context())
		require.ErrorIs(t, err, lazyclient.ErrCycle)
		require.Regexp(t, "(a -> b -> c -> a|b -> c -> a -> b|c -> a -> b -> c)$", err.Error(), "depending on which was last to wait")
		require.Zero(t, time.Since(start))
	})
}

func TestTwoOpensOfDifferentCallersThatWaitForEachOtherEndByTheirTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a, b lazyclient.Holder[int]
		a = lazyclient.Holder[int]{Timeout: 3 * time.Second, Open: func(ctx context.Context) (int, error) {
			time.Sleep(time.Second)
			return b.Get(ctx)
		}}
		b = lazyclient.Holder[int]{Timeout: 3 * time.Second, Open: func(ctx context.Context) (int, error) {
			time.Sleep(time.Second)
			return a.Get(ctx)
		}}
		one, two := background(t.Context(), &a), background(t.Context(), &b)
		for _, call := range []<-chan result{one, two} {
			r := <-call
			require.ErrorIs(t, r.err, context.DeadlineExceeded)
			require.NotErrorIs(t, r.err, lazyclient.ErrCycle)
			require.Equal(t, 3*time.Second, r.took)
		}
	})
}

// Each way to ask a holder for its value.
var asks = map[string]func(ctx context.Context, h *lazyclient.Holder[int]) error{
	"Get":    func(ctx context.Context, h *lazyclient.Holder[int]) error { _, err := h.Get(ctx); return err },
	"Warm":   func(ctx context.Context, h *lazyclient.Holder[int]) error { return h.Warm(ctx) },
	"Use":    func(ctx context.Context, h *lazyclient.Holder[int]) error { return h.Use(ctx, nothing) },
	"TryUse": func(ctx context.Context, h *lazyclient.Holder[int]) error { return h.TryUse(ctx, nothing) },
}

func nothing(context.Context, int) error { return nil }

func TestEveryCallFromTheOwnOpenGetsErrCycleUnlessAValueCanBeServed(t *testing.T) {
	for name, ask := range asks {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var cold, warm error
				opens := 0
				h := lazyclient.Holder[int]{MaxAge: time.Minute}
				h.Open = func(ctx context.Context) (int, error) {
					if opens++; opens == 1 {
						cold = ask(ctx, &h)
					} else {
						warm = ask(ctx, &h)
					}
					return opens, nil
				}
				requireValue(t, 1, &h)
				require.ErrorIs(t, cold, lazyclient.ErrCycle)
				time.Sleep(2 * time.Minute)
				requireValue(t, 1, &h) // and starts a refresh
				synctest.Wait()
				require.Equal(t, 2, opens)
				require.NoError(t, warm)
			})
		})
	}
}

func TestAnOpenWithoutAWaiterBeginsANewChain(t *testing.T) {
	for name, tc := range map[string]struct {
		old  bool // b has a value that is older than MaxAge
		want error
	}{
		"TryUse":  {want: lazyclient.ErrOpening},
		"refresh": {old: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var a, b lazyclient.Holder[int]
				var asked []error
				a = lazyclient.Holder[int]{Name: "a", Open: func(ctx context.Context) (int, error) {
					if err := b.TryUse(ctx, nothing); !errors.Is(err, tc.want) {
						t.Errorf("TryUse: %v", err)
					}
					time.Sleep(time.Second)
					return 1, nil
				}}
				opens := 0
				b = lazyclient.Holder[int]{Name: "b", MaxAge: time.Minute, Open: func(ctx context.Context) (int, error) {
					if opens++; tc.old && opens == 1 {
						return 0, nil
					}
					v, err := a.Get(ctx) // a does not wait for b
					asked = append(asked, err)
					return v + 1, err
				}}
				if tc.old {
					requireValue(t, 0, &b)
					time.Sleep(2 * time.Minute)
				}
				requireValue(t, 1, &a)
				synctest.Wait()
				requireValue(t, 2, &b)
				require.Equal(t, []error{nil}, asked)
			})
		})
	}
}

func TestOpensMayShareAnotherHolderWithoutACycle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		secret := lazyclient.Holder[int]{Name: "secret", Open: counting(&opens, time.Second)}
		needsSecret := func(ctx context.Context) (int, error) { return secret.Get(ctx) }
		left := lazyclient.Holder[int]{Name: "left", Open: needsSecret}
		right := lazyclient.Holder[int]{Name: "right", Open: needsSecret}
		both := lazyclient.Holder[int]{Name: "both", Open: func(ctx context.Context) (int, error) {
			return 7, lazyclient.WarmAll(ctx, &left, &right, &secret)
		}}
		require.NoError(t, both.Warm(t.Context()))
		require.Equal(t, 1, opens)
	})
}

func TestOpenThatHasReturnedIsPartOfNoCycleThoughAGoroutineOfItsStillWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a, b lazyclient.Holder[int]
		a = lazyclient.Holder[int]{
			Name: "a",
			Open: func(ctx context.Context) (int, error) {
				go func() { _ = b.Warm(context.WithoutCancel(ctx)) }() // a prefetch
				time.Sleep(time.Second)
				return 0, errDown
			},
			Backoff: func(int) time.Duration { time.Sleep(2 * time.Second); return time.Hour },
		}
		b = lazyclient.Holder[int]{Name: "b", Open: func(ctx context.Context) (int, error) {
			time.Sleep(2 * time.Second) // a's Open has returned, and its failure is not known yet
			return a.Get(ctx)
		}}
		one := background(t.Context(), &a)
		synctest.Wait()
		two := background(t.Context(), &b)
		for _, call := range []<-chan result{one, two} {
			err := (<-call).err
			require.ErrorIs(t, err, errDown)
			require.NotErrorIs(t, err, lazyclient.ErrCycle)
		}
	})
}
