package lazyclient_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/lazyclient"
)

// call is a Warmer and a Closer.
type call func(context.Context) error

func (c call) Warm(ctx context.Context) error  { return c(ctx) }
func (c call) Close(ctx context.Context) error { return c(ctx) }

func TestWarmAllOpensInParallelAndJoinsTheErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		good := lazyclient.Holder[int]{Name: "good", Open: counting(&opens, 2*time.Second)}
		bad := lazyclient.Holder[string]{Name: "bad", Open: func(context.Context) (string, error) {
			time.Sleep(3 * time.Second)
			return "", errDown
		}}
		panics := lazyclient.Holder[bool]{Name: "panics", Open: func(context.Context) (bool, error) { panic("boom") }}
		start := time.Now()
		err := lazyclient.WarmAll(t.Context(), &good, &bad, &panics)
		require.Equal(t, 3*time.Second, time.Since(start))
		require.ErrorIs(t, err, errDown)
		var p *lazyclient.PanicError
		require.ErrorAs(t, err, &p)
		require.Equal(t, "panics", p.Holder)
		require.Equal(t, "boom", p.Value)
		requireValue(t, 1, &good)
	})
}

func TestWarmAllAndCloseAllReturnNilWhenAllIsWell(t *testing.T) {
	a, b := lazyclient.Of(1), lazyclient.Of("one")
	require.NoError(t, lazyclient.WarmAll(t.Context(), a, b))
	require.NoError(t, lazyclient.WarmAll(t.Context()))
	require.NoError(t, lazyclient.CloseAll(t.Context(), a, b))
	require.NoError(t, lazyclient.CloseAll(t.Context()))
	require.ErrorIs(t, a.Warm(t.Context()), lazyclient.ErrClosed)
	require.ErrorIs(t, b.Warm(t.Context()), lazyclient.ErrClosed)
}

func TestPanicOrGoexitOfAnyWarmerOrCloserIsAnErrorAndTheOthersGoOn(t *testing.T) {
	ran := 0
	explodes := call(func(context.Context) error { explode(); return nil })
	exits := call(func(context.Context) error { runtime.Goexit(); return nil })
	fine := call(func(context.Context) error { ran++; return nil })
	for _, err := range []error{
		lazyclient.WarmAll(t.Context(), explodes, exits, fine),
		lazyclient.CloseAll(t.Context(), explodes, exits, fine),
	} {
		require.ErrorIs(t, err, lazyclient.ErrGoexit)
		var p *lazyclient.PanicError
		require.ErrorAs(t, err, &p)
		require.Equal(t, errDown, p.Value)
		require.Contains(t, string(p.Stack), "explode")
		require.Contains(t, err.Error(), "lazyclient: panic: service is down")
	}
	require.Equal(t, 2, ran)
}

func TestCloseAllClosesInParallelWithinItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(context.Context, int) error { time.Sleep(time.Second); return errDown }
		a, b, c := lazyclient.Of(1), lazyclient.Of(2), lazyclient.Of(3)
		a.Release, b.Release = slow, slow
		c.Release = func(context.Context, int) error { time.Sleep(time.Hour); return nil }
		why := errors.New("SIGKILL is near")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 2*time.Second, why)
		defer cancel()
		start := time.Now()
		err := lazyclient.CloseAll(ctx, a, b, c)
		require.Equal(t, 2*time.Second, time.Since(start))
		require.ErrorIs(t, err, errDown)
		require.ErrorIs(t, err, why)
		time.Sleep(time.Hour)
	})
}

func TestEveryEventNamesItsHolderAndItsKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec, opens := recorder{}, 0
		h := lazyclient.Holder[int]{
			Name: "momento", Observe: rec.observe, Release: func(context.Context, int) error { time.Sleep(time.Second); return nil },
			Open: func(context.Context) (int, error) {
				time.Sleep(2 * time.Second)
				if opens++; opens == 1 {
					return 0, errDown
				}
				return opens, nil
			},
		}
		require.ErrorIs(t, h.Warm(t.Context()), errDown)
		time.Sleep(time.Second)
		requireValue(t, 2, &h)
		h.Reset()
		require.NoError(t, h.Close(t.Context())) // which waits for the release
		require.Equal(t, []lazyclient.Event{
			{Holder: "momento", Kind: lazyclient.OpenFailed, Took: 2 * time.Second, Err: errDown},
			{Holder: "momento", Kind: lazyclient.Opened, Took: 2 * time.Second},
			{Holder: "momento", Kind: lazyclient.Invalidated},
			{Holder: "momento", Kind: lazyclient.Released, Took: time.Second},
		}, rec.events)
	})
}

func TestEventKindsHaveNames(t *testing.T) {
	for kind, want := range map[lazyclient.EventKind]string{
		lazyclient.Opened: "Opened", lazyclient.OpenFailed: "OpenFailed", lazyclient.Invalidated: "Invalidated",
		lazyclient.Released: "Released", lazyclient.ReleaseFailed: "ReleaseFailed", lazyclient.Abandoned: "Abandoned",
		0: "EventKind(0)", 9: "EventKind(9)",
	} {
		require.Equal(t, want, kind.String())
	}
}
