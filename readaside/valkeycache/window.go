package valkeycache

import (
	"context"
	"sync"
	"time"

	"github.com/valkey-io/valkey-go"
)

// A window limits the number of unanswered calls on a connection. The client keeps them in a ring,
// and a call that finds the ring full ignores its context while it waits for a free slot. An
// abandoned call keeps its slot until it is answered.
type window struct {
	limit int
	idle  func() bool // whether the server has answered all written requests

	mu        sync.Mutex
	held      int // calls in progress, and abandoned calls
	abandoned int // abandoned calls not known to be answered
	broken    bool
}

// newWindow returns the window of a ring of 2^scale slots. It leaves a few slots to the client.
func newWindow(scale int) *window {
	if scale <= 0 {
		scale = valkey.DefaultRingScale
	}
	return &window{limit: max(1<<scale-8, 1)}
}

// acquire waits for a slot until ctx is done.
func (w *window) acquire(ctx context.Context) error {
	for !w.tryAcquire() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
	return nil
}

func (w *window) tryAcquire() bool {
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

// release ends a call.
func (w *window) release(abandoned bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if abandoned {
		w.abandoned++
	} else {
		w.held--
	}
}

// breaks stops the limit: on a broken connection every call fails at once.
func (w *window) breaks() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken = true
}
