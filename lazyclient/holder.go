package lazyclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"time"
)

// Holder opens one T per process, on first use, and shares it with every caller. Its zero value with Open set is
// ready. Set the fields before first use; do not copy a Holder after it. All methods, and [Invalidate], may be called
// from any number of goroutines, and from within Open, Release, Stale, Backoff, Observe and the function given to
// Use: no lock is held while any of these run.
type Holder[T any] struct {
	// Open makes the value. It is required: while it is nil, every call that needs a value returns an error that
	// says so. At most one Open runs at a time, apart from abandoned ones.
	//
	// Its context carries the values of the caller that came first and nobody's cancellation. It ends after Timeout,
	// when the holder is closed, and when Open has returned, so do not keep it. When Open asks for another holder,
	// it must pass this context on: that is how a cycle is found. It must not reset its own holder and then ask for it.
	//
	// A value returned together with an error is dropped. A nil value with a nil error is a value like any other.
	Open func(ctx context.Context) (T, error)

	// Release disposes of an opened value, once, after the last Use that holds it has returned. nil: there is
	// nothing to dispose of. It runs on the goroutine that drops the last reference (a caller of Use, Reset or
	// Invalidate, the goroutine of an open, or one started by Close), with a context of its own that ends after
	// Timeout. Values handed out by Get cannot be tracked: their users may see them released.
	Release func(ctx context.Context, v T) error

	// Stale reports whether err, as returned by the function given to Use, means that the value is no longer good,
	// for example because its token was rotated. nil: no error does. A panic in it passes through Use.
	Stale func(err error) bool

	// Name is for errors and events; "": the name of the type T.
	Name string

	// Timeout bounds one Open, which is abandoned when it takes longer; zero or less: 5 s.
	Timeout time.Duration

	// Backoff returns for how long calls fail at once after failures opens in a row have failed (1 or more), and for
	// how long a value is spared after failures values in a row were stale; see Use. nil, or one that panics: 50 ms,
	// doubling to 1 s, less up to a quarter at random. Zero or less: not at all. It must not wait for the holder.
	Backoff func(failures int) time.Duration

	// MaxAge is how long a value is served before the next call replaces it, by wall clock, so that time spent
	// frozen counts; zero or less: for ever.
	MaxAge time.Duration

	// Observe is told of every Event, from several goroutines and in line: callers that wait for an open go on when
	// Observe has returned, so it must not wait for them. nil: nobody is told. A panic in it is dropped.
	Observe func(Event)

	current atomic.Pointer[value[T]] // nil: not open

	mu       sync.Mutex   // guards what follows, and every store to current
	flight   *flight[T]   // the running open that will be published, or nil
	strays   []*flight[T] // running opens that a Reset has cut off
	failure  *OpenError   // of the last open, until one succeeds
	retry    pause        // after failure
	stales   atomic.Int32 // values expelled in a row for being stale; above 0, current is on trial
	expulsed pause        // after the last of them, during which its successor is not expelled
	closed   bool
	pending  int           // opens that run and values that are not released
	idle     chan struct{} // made by Close, closed once pending is 0
	errs     []error       // of Release, since Close
}

// Of returns a holder that is already open with v, for tests of code that takes a *Holder. After Reset or
// [Invalidate] it opens with v again. Its fields may be set before first use.
func Of[T any](v T) *Holder[T] {
	h := &Holder[T]{Open: func(context.Context) (T, error) { return v, nil }}
	h.current.Store(newValue(v))
	h.pending = 1
	return h
}

// Get returns the current value, opening it if need be. When the value is there, Get costs one atomic load
// (with MaxAge also one reading of the clock), allocates nothing, takes no lock and does not consult ctx.
//
// Otherwise it waits for the one open that all callers share. If ctx ends first, Get returns
// [context.Cause](ctx) at once, and the open goes on for the others and for the next caller. If the open fails,
// all who waited get the same *[OpenError], and so does every call until its RetryAt; the failure is not kept
// beyond that. If Open panics, all who waited panic with the same *[PanicError].
//
// The value may be released while it is still in use, after a Reset for example; where that matters, call Use.
func (h *Holder[T]) Get(ctx context.Context) (T, error) {
	// No more than the warm path: what it costs is a promise, so everything else is out of line.
	if v := h.current.Load(); v != nil && h.MaxAge <= 0 {
		return v.v, nil
	}
	return h.get(ctx)
}

func (h *Holder[T]) get(ctx context.Context) (T, error) {
	v, err := h.await(ctx)
	if err != nil {
		var zero T
		return zero, raise(err)
	}
	return v.v, nil
}

// Warm opens the value now, if need be, and discards it. It returns and panics as Get does.
func (h *Holder[T]) Warm(ctx context.Context) error {
	_, err := h.Get(ctx)
	return err
}

// Reset drops the current value, the memory of failures, and the result of an open that is under way, whose
// waiters wait on for the next one. The next call opens anew, without waiting for a backoff. Reset does
// nothing to a holder that is closed or was never used.
func (h *Holder[T]) Reset() {
	h.mu.Lock()
	old := h.current.Swap(nil)
	f := h.flight
	h.flight, h.failure = nil, nil
	h.stales.Store(0)
	if f != nil && !f.node.returned.Load() { // which is set before the flight forgets itself
		h.strays = append(h.strays, f)
	}
	h.mu.Unlock()
	if old != nil {
		defer h.discard(old, nil)
	}
	if f != nil {
		h.abandon(f, nil) // with no result: its waiters look again
	}
}

// Invalidate drops the current value of h if that is still old, and reports whether it was. A newer value
// stays, so callers that failed with the same value cannot expel its successor. An open that is under way goes on
// and is joined by the next call. It panics if T is an interface and old cannot be compared.
func Invalidate[T comparable](h *Holder[T], old T) bool {
	v := h.current.Load()
	return v != nil && v.v == old && h.invalidate(v, nil, func() {})
}

// invalidate drops v because of err if it is still current, and reports whether it was. note is called with
// the lock held.
func (h *Holder[T]) invalidate(v *value[T], err error, note func()) bool {
	h.mu.Lock()
	ours := h.current.CompareAndSwap(v, nil)
	if ours {
		note()
	}
	h.mu.Unlock()
	if ours {
		h.discard(v, err)
	}
	return ours
}

// Close releases the current value and ends the holder for good: callers that wait for an open, and all
// later ones, get [ErrClosed], and an open's context is cancelled. It waits for running opens, abandoned ones
// too, and for the last Use, and returns the errors of Release since the first Close; if ctx ends before that, also
// [context.Cause](ctx). Closing again is safe and waits in the same way. Within Use, Open, Release, Backoff or
// Observe of the same holder, Close would wait for its own caller until ctx ends.
func (h *Holder[T]) Close(ctx context.Context) error {
	h.mu.Lock()
	old, f := h.current.Swap(nil), h.flight
	h.flight = nil
	if !h.closed {
		h.closed, h.idle = true, make(chan struct{})
		if h.pending == 0 {
			close(h.idle) // nothing is left that would end
		}
	}
	for _, stray := range h.strays {
		stray.cancel()
	}
	h.mu.Unlock()
	if old != nil {
		go h.drop(old) // so that a Release which ignores its context cannot keep Close beyond ctx
	}
	if f != nil {
		f.cancel()
		h.abandon(f, h.closedError())
	}

	var cut error
	select {
	case <-h.idle:
	case <-ctx.Done():
		cut = context.Cause(ctx)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pending == 0 {
		cut = nil // both were there
	}
	if len(h.errs) == 0 {
		return cut
	}
	return errors.Join(cut, errors.Join(h.errs...))
}

func (h *Holder[T]) name() string { return cmp.Or(h.Name, reflect.TypeFor[T]().String()) }

func (h *Holder[T]) timeout() time.Duration { return cmp.Or(max(h.Timeout, 0), 5*time.Second) }

func (h *Holder[T]) closedError() error { return fmt.Errorf("%w: %s", ErrClosed, h.name()) }
