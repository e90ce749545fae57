package lazyclient_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/lazyclient"
)

func TestWaitersContinueAfterObserveOfTheResultHasReturned(t *testing.T) {
	for kind, err := range map[lazyclient.EventKind]error{lazyclient.Opened: nil, lazyclient.OpenFailed: errDown} {
		t.Run(kind.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var observed lazyclient.EventKind
				h := lazyclient.Holder[int]{
					Open: func(context.Context) (int, error) { time.Sleep(time.Second); return 1, err },
					Observe: func(e lazyclient.Event) {
						time.Sleep(time.Second)
						observed = e.Kind
					},
				}
				r := <-background(t.Context(), &h)
				require.Equal(t, 2*time.Second, r.took)
				require.Equal(t, kind, observed)
			})
		})
	}
}

// A value whose last reference is being dropped may be acquired at that moment, and then it is not
// released.
func TestAValueIsNeverReleasedWhileItIsUsed(t *testing.T) {
	type client struct{ users, released atomic.Int32 }
	h := lazyclient.Holder[*client]{
		Open: func(context.Context) (*client, error) { return new(client), nil },
		Release: func(_ context.Context, c *client) error {
			c.released.Store(1)
			if c.users.Load() != 0 {
				t.Error("released while it is used")
			}
			return nil
		},
	}
	var users sync.WaitGroup
	var done atomic.Bool
	for range 4 {
		users.Go(func() {
			for !done.Load() {
				_ = h.Use(t.Context(), func(_ context.Context, c *client) error {
					c.users.Add(1)
					defer c.users.Add(-1)
					runtime.Gosched()
					if c.released.Load() != 0 {
						t.Error("used after its release")
					}
					return nil
				})
			}
		})
	}
	for range 20_000 {
		h.Reset()
		runtime.Gosched()
	}
	done.Store(true)
	users.Wait()
	require.NoError(t, h.Close(t.Context()))
}

// Callers that come while an open fails do not take its failure for one of the future. TryUse does
// not wait for the open, so its callers are there at the moment of the failure.
func TestCallersBesideAFailingOpenDoNotOpenAgainWithinTheBackoff(t *testing.T) {
	for range 3_000 {
		var opens, callers atomic.Int32
		h := lazyclient.Holder[int]{
			Open: func(context.Context) (int, error) {
				opens.Add(1)
				for callers.Load() < 4 {
					runtime.Gosched()
				}
				return 0, errDown
			},
			Backoff: func(int) time.Duration { return time.Hour },
		}
		var done sync.WaitGroup
		for range 4 {
			done.Go(func() {
				for first := true; !errors.Is(h.TryUse(t.Context(), nothing), errDown); first = false {
					if first {
						callers.Add(1)
					}
					runtime.Gosched()
				}
			})
		}
		done.Wait()
		require.EqualValues(t, 1, opens.Load())
	}
}
