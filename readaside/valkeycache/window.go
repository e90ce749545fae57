package valkeycache

import (
	"context"
	"sync"
	"time"

	"github.com/valkey-io/valkey-go"
)

// A window bounds the calls that a connection has not answered. The client keeps them in a ring,
// and a call that finds the ring full waits for a free place without regard to its context. An
// abandoned call keeps its place until it is answered.
type window struct {
	limit int
	idle  func() bool // whether the server has answered all that was written

	mu        sync.Mutex
	held      int // calls under way, and the abandoned ones
	abandoned int // that are not known to be answered
	broken    bool
}

// newWindow returns the window of a ring of 2^scale places, a few of which are left to the client.
func newWindow(scale int) *window {
	if scale <= 0 {
		scale = valkey.DefaultRingScale
	}
	return &window{limit: max(1<<scale-8, 1)}
}

// enter waits for a place within ctx.
func (w *window) enter(ctx context.Context) error {
	for !w.tryEnter() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
	return nil
}

func (w *window) tryEnter() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.held >= w.limit && w.idle() {
		w.held -= w.abandoned
		w.abandoned = 0
	}
	if w.held >= w.limit && !w.broken {
		return false
	}
	w.held++
	return true
}

// leave ends a call.
func (w *window) leave(abandoned bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if abandoned {
		w.abandoned++
	} else {
		w.held--
	}
}

// breaks lets every call in: a connection that has ended fails it at once.
func (w *window) breaks() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken = true
}
