package lazyclient_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/lazyclient"
)

var (
	errDown  = errors.New("service is down")
	errStale = errors.New("token was rotated")
)

func isStale(err error) bool { return errors.Is(err, errStale) }

// recorder collects events and released values.
type recorder struct {
	mu       sync.Mutex
	events   []lazyclient.Event
	released []int
}

func (r *recorder) observe(e lazyclient.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

func (r *recorder) release(_ context.Context, v int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.released = append(r.released, v)
	return nil
}

func (r *recorder) kinds() []lazyclient.EventKind {
	r.mu.Lock()
	defer r.mu.Unlock()
	var kinds []lazyclient.EventKind
	for _, e := range r.events {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func (r *recorder) releases() []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.released)
}

// counting returns an Open that returns 1, 2, 3... after d, whatever its context says.
func counting(opens *int, d time.Duration) func(context.Context) (int, error) {
	var mu sync.Mutex
	return func(context.Context) (int, error) {
		mu.Lock()
		*opens++
		n := *opens
		mu.Unlock()
		time.Sleep(d)
		return n, nil
	}
}

// result is what a call in the background came to.
type result struct {
	v     int
	err   error
	panic any
	took  time.Duration
}

// background calls Get on its own goroutine.
func background(ctx context.Context, h *lazyclient.Holder[int]) <-chan result {
	done := make(chan result, 1)
	go func() {
		start := time.Now()
		var r result
		defer func() {
			r.panic = recover()
			r.took = time.Since(start)
			done <- r
		}()
		r.v, r.err = h.Get(ctx)
	}()
	return done
}

func requireValue(t *testing.T, want int, h *lazyclient.Holder[int]) {
	t.Helper()
	v, err := h.Get(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, v)
}

// requireReleased waits for releases, which no call waits for.
func requireReleased(t *testing.T, r *recorder, want ...int) {
	t.Helper()
	require.Eventually(t, func() bool { return slices.Equal(want, r.releases()) }, 5*time.Second, time.Millisecond, "%v", r.releases())
}
