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

func TestManyColdCallersShareOneOpenAndItsResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{Open: counting(&opens, time.Second)}
		var calls []<-chan result
		for range 100 {
			calls = append(calls, background(t.Context(), &h))
		}
		for _, call := range calls {
			r := <-call
			require.NoError(t, r.err)
			require.Equal(t, 1, r.v)
			require.Equal(t, time.Second, r.took)
		}
		require.Equal(t, 1, opens)
	})
}

func TestWarmGetDoesNotConsultItsContext(t *testing.T) {
	h := lazyclient.Holder[int]{Open: func(context.Context) (int, error) { return 7, nil }}
	require.NoError(t, h.Warm(t.Context()))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	v, err := h.Get(ended)
	require.NoError(t, err)
	require.Equal(t, 7, v)
}

func TestColdGetWithAnEndedContextStartsNoOpen(t *testing.T) {
	h := lazyclient.Holder[int]{Open: func(context.Context) (int, error) {
		t.Error("Open was called")
		return 0, nil
	}}
	why := errors.New("request is over")
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	_, err := h.Get(ended)
	require.Equal(t, why, err)
	require.Equal(t, why, h.Use(ended, func(context.Context, int) error { return nil }))
}

func TestWaiterWhoseContextEndsReturnsItsCauseAndTheOpenContinues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{Open: counting(&opens, 3*time.Second)}
		why := errors.New("client hung up")
		ctx, cancel := context.WithCancelCause(t.Context())
		first := background(ctx, &h)
		synctest.Wait()
		second := background(t.Context(), &h)
		time.Sleep(time.Second)
		cancel(why)

		r := <-first
		require.Equal(t, why, r.err)
		require.Equal(t, time.Second, r.took)
		r = <-second
		require.NoError(t, r.err)
		require.Equal(t, 1, r.v)
		require.Equal(t, 1, opens)
	})
}

func TestOpenGoesOnWhenTheLastWaiterIsCanceledAndServesTheNextCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{Open: counting(&opens, 2*time.Second)}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := h.Get(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)

		time.Sleep(2 * time.Second)
		start := time.Now()
		requireValue(t, 1, &h)
		require.Zero(t, time.Since(start))
		require.Equal(t, 1, opens)
	})
}

func TestOpenGetsTheFirstCallersValuesNoCancellationAndItsOwnTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		type seen struct {
			value    any
			deadline time.Duration
			err      error
		}
		got := make(chan seen, 1)
		h := lazyclient.Holder[int]{Timeout: 3 * time.Second, Open: func(ctx context.Context) (int, error) {
			deadline, _ := ctx.Deadline()
			left := time.Until(deadline)
			time.Sleep(2 * time.Second)
			got <- seen{ctx.Value(key{}), left, ctx.Err()}
			return 1, nil
		}}
		first, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "first"), time.Second)
		defer cancel()
		one := background(first, &h)
		synctest.Wait()
		two := background(context.WithValue(t.Context(), key{}, "second"), &h)

		require.ErrorIs(t, (<-one).err, context.DeadlineExceeded)
		require.NoError(t, (<-two).err)
		require.Equal(t, seen{value: "first", deadline: 3 * time.Second}, <-got)
	})
}

func TestDefaultTimeoutIsFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := lazyclient.Holder[int]{Open: func(ctx context.Context) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		}}
		r := <-background(t.Context(), &h)
		require.ErrorIs(t, r.err, context.DeadlineExceeded)
		require.Equal(t, 5*time.Second, r.took)
	})
}

func TestOpenContextEndsWhenOpenHasReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var kept context.Context
		h := lazyclient.Holder[int]{Open: func(ctx context.Context) (int, error) {
			kept = ctx
			return 1, nil
		}}
		requireValue(t, 1, &h)
		synctest.Wait()
		require.ErrorIs(t, kept.Err(), context.Canceled)
	})
}

func TestNilAndZeroValuesAreValues(t *testing.T) {
	t.Run("nil pointer", func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[*client]{Open: func(context.Context) (*client, error) { opens++; return nil, nil }}
		for range 3 {
			v, err := h.Get(t.Context())
			require.NoError(t, err)
			require.Nil(t, v)
		}
		require.Equal(t, 1, opens)
	})
	t.Run("nil interface", func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[error]{Open: func(context.Context) (error, error) { opens++; return nil, nil }}
		for range 3 {
			v, err := h.Get(t.Context())
			require.NoError(t, err)
			require.NoError(t, v)
		}
		require.Equal(t, 1, opens)
		require.True(t, lazyclient.Invalidate(&h, nil))
	})
	t.Run("zero int", func(t *testing.T) {
		rec, opens := recorder{}, 0
		h := lazyclient.Holder[int]{Release: rec.release, Open: func(context.Context) (int, error) { opens++; return 0, nil }}
		requireValue(t, 0, &h)
		requireValue(t, 0, &h)
		require.Equal(t, 1, opens)
		require.NoError(t, h.Close(t.Context()))
		require.Equal(t, []int{0}, rec.releases())
	})
}

// A context of another type may compute its values with a holder.
func TestValuesOfAContextMayComeFromTheHolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		h := lazyclient.Holder[int]{Open: counting(&opens, 0)}
		require.NoError(t, h.Warm(asking{t.Context(), h.Reset}))
		require.Equal(t, 1, opens)
	})
}

// asking is a context that calls ask for each of its values.
type asking struct {
	context.Context
	ask func()
}

func (c asking) Value(key any) any { c.ask(); return c.Context.Value(key) }

func TestHolderWithoutOpenSaysSo(t *testing.T) {
	h := lazyclient.Holder[int]{Name: "dynamodb"}
	_, err := h.Get(t.Context())
	require.EqualError(t, err, "lazyclient: holder dynamodb has no Open")
	require.EqualError(t, h.Warm(t.Context()), err.Error())
	require.EqualError(t, h.Use(t.Context(), nil), err.Error())
	require.False(t, lazyclient.Invalidate(&h, 0))
	h.Reset()
	require.NoError(t, h.Close(t.Context()))
}

func TestOfIsAlreadyOpenAndOpensWithTheSameValue(t *testing.T) {
	rec := recorder{}
	h := lazyclient.Of(7)
	h.Release = rec.release
	requireValue(t, 7, h)
	h.Reset()
	requireReleased(t, &rec, 7)
	requireValue(t, 7, h)
	require.NoError(t, h.Close(t.Context()))
	require.Equal(t, []int{7, 7}, rec.releases())
}
