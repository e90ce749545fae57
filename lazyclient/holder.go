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

// A Holder opens one T per process, on first use, and shares it with every caller. The zero value
// with Open set is ready to use. Set the fields before first use; a Holder must not be copied after
// it. A Holder is safe for concurrent use by multiple goroutines. Its methods may also be called
// from Open, Release, Stale, Backoff, Expires, Observe and the function given to Use: no lock is
// held while any of these run.
type Holder[T any] struct {
	// Open makes the value. It is required. Apart from abandoned ones, at most one runs at a time.
	//
	// Its context carries the first caller's values but not its cancellation or deadline. It ends
	// after Timeout, on Reset and Close, and when Open returns, so it must not be kept. An Open
	// that asks for another holder passes this context on: that is how a cycle is found. An Open
	// that ignores its context is abandoned and keeps running.
	//
	// A value that is returned with an error is dropped. A nil value with a nil error is a value.
	Open func(ctx context.Context) (T, error)

	// Release disposes of an opened value, once, after the last Use that holds it has returned. It
	// is optional. It runs on a goroutine of its own, with a context that ends after Timeout. Only
	// Close waits for it. A value that Get has returned may be released while it is in use.
	Release func(ctx context.Context, v T) error

	// Stale reports whether err, as returned by the function given to Use or TryUse, means that the
	// value must be replaced, for example because its token was rotated. If nil, no error does. A
	// panic in it passes through Use.
	Stale func(err error) bool

	// Expires returns the time from which v is not served, such as the end of a token's life. If it
	// is nil, or returns the zero time, v does not expire. It is called once, after Open, on the
	// same goroutine, and a panic in it is one of Open. A value that has expired already is a
	// failed open. Combine it with a smaller MaxAge to replace values before they expire.
	Expires func(v T) time.Time

	// Name is for errors and events. The default is the name of the type T.
	Name string

	// Timeout bounds one Open and one Release. The default is 5s.
	Timeout time.Duration

	// Backoff returns the pause after a number of failures in a row, at least 1. After failed opens,
	// calls fail at once in the pause; after stale values, the next one is not replaced (see Use).
	// It may run on a caller's goroutine and must return at once. Zero or less is no pause. The
	// default, also where Backoff panics, is 50ms, doubling to 1s, less up to a quarter at random.
	// Where Backoff calls runtime.Goexit, or outlasts the open's deadline by 10ms, it is 1s.
	Backoff func(failures int) time.Duration

	// MaxAge is the age after which a call returns the value and starts a refresh, an open in the
	// background, unless one is in flight or a backoff runs. Age is by wall clock, so time spent
	// frozen counts. The default is no refresh.
	MaxAge time.Duration

	// Observe, if not nil, is called with every Event, on the goroutine that causes it. Callers
	// that wait for an open continue when it has returned from Opened or OpenFailed, so it must not
	// wait for them. A panic in it is dropped.
	Observe func(Event)

	current atomic.Pointer[value[T]] // nil: not open

	mu      sync.Mutex    // guards what follows, and every store to current
	opening *opening[T]   // the in-flight open that will be published, or nil
	failure *OpenError    // of the last open, until one succeeds
	retry   pause         // after failure
	stales  atomic.Int32  // stale values replaced in a row
	spared  time.Duration // for how long current is not replaced for being stale, if stales is not 0
	closed  bool
	pending int           // opens that run and values that are not released
	idle    chan struct{} // made by Close, closed once pending is 0
	errs    []error       // of Release, since Close
}

// Of returns a holder that is already open with v, for tests of code that takes a *Holder. After
// Reset or [Invalidate] it opens with v again; Expires is not asked before that.
func Of[T any](v T) *Holder[T] {
	h := &Holder[T]{Open: func(context.Context) (T, error) { return v, nil }}
	h.current.Store(&value[T]{v: v, opened: wallNow()})
	h.pending = 1
	return h
}

// Get returns the value, opening it if need be. If the value is there and fresh, Get costs one
// atomic load, with MaxAge or Expires also a reading of the clock, and does not allocate, lock or
// consult ctx.
//
// Otherwise Get waits for the one open that all callers share. If ctx ends first, it returns
// [context.Cause](ctx) at once, and the open continues. If the open fails, all callers that waited
// get the same *[OpenError], and so does every call until its RetryAt. The next call opens again.
// If Open panics, all that waited panic with the same *[PanicError].
//
// The value may be released while it is in use, after a Reset for example. Use prevents that.
func (h *Holder[T]) Get(ctx context.Context) (T, error) {
	if v := h.current.Load(); v != nil && h.MaxAge <= 0 && h.Expires == nil {
		return v.v, nil
	}
	return h.get(ctx)
}

func (h *Holder[T]) get(ctx context.Context) (v T, err error) {
	val, err := h.await(ctx, true)
	if err != nil {
		return v, raise(err)
	}
	return val.v, nil
}

// Warm opens the value if need be. It returns and panics as Get does.
func (h *Holder[T]) Warm(ctx context.Context) error {
	_, err := h.Get(ctx)
	return err
}

// Reset drops the value, the last failure and the count of stale values, and cancels an in-flight
// open, whose waiters wait for the next one. A value that the canceled open returns is released.
// The next call opens without waiting for a backoff.
func (h *Holder[T]) Reset() {
	h.mu.Lock()
	old, o := h.current.Swap(nil), h.opening
	h.failure = nil
	h.stales.Store(0)
	running := h.takeOff(o)
	h.mu.Unlock()
	if old != nil {
		defer h.discard(old, nil)
	}
	h.abandon(o, nil, running) // without a result: its waiters look again
}

// Invalidate drops the value of h if that is still old, and reports whether it was. A newer value
// stays, so callers that failed with the same value do not drop its successor. An in-flight open
// continues and is joined by the next call. Invalidate panics if old is not comparable.
func Invalidate[T comparable](h *Holder[T], old T) bool {
	v := h.current.Load()
	return v != nil && v.v == old && h.invalidate(v, nil, func() {})
}

// invalidate drops v because of err if it is still current, and reports whether it was. note is
// called with the lock held.
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

// Close ends the holder: its value is released after the last Use, in-flight opens are canceled,
// and all callers that wait and all later ones get [ErrClosed]. Close waits for opens, abandoned
// ones included, uses and releases, and returns the errors of the releases that ended since the
// first Close. If ctx ends before that, the error also has [context.Cause](ctx). Closing again
// waits in the same way. Within Use, Open, Release, Backoff, Expires or Observe of the same holder,
// Close may wait for its own caller until ctx ends.
func (h *Holder[T]) Close(ctx context.Context) error {
	h.mu.Lock()
	old, o := h.current.Swap(nil), h.opening
	running := h.takeOff(o)
	if !h.closed {
		h.closed, h.idle = true, make(chan struct{})
		if h.pending == 0 {
			close(h.idle)
		}
	}
	h.mu.Unlock()
	if old != nil {
		h.drop(old)
	}
	h.abandon(o, h.closedError(), running)

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

func (h *Holder[T]) openingError() error { return fmt.Errorf("%w: %s", ErrOpening, h.name()) }

// A Warmer can be opened before its first use. A *Holder is one.
type Warmer interface {
	Warm(ctx context.Context) error
}

// A Closer can be closed for good. A *Holder is one.
type Closer interface {
	Close(ctx context.Context) error
}

// WarmAll warms all hs in parallel, waits for all of them, and returns their errors joined in the
// order of hs. A panic is returned as a *PanicError. A process may start in spite of an error: the
// next caller opens again.
func WarmAll(ctx context.Context, hs ...Warmer) error {
	return each(len(hs), func(i int) error { return hs[i].Warm(ctx) })
}

// CloseAll closes all hs in parallel, waits for all of them, and returns their errors joined in the
// order of hs, a panic as a *PanicError. It is for the end of the process, as in
// lambda.WithEnableSIGTERM.
func CloseAll(ctx context.Context, hs ...Closer) error {
	return each(len(hs), func(i int) error { return hs[i].Close(ctx) })
}

func each(n int, do func(i int) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { guard("", func() error { return do(i) }, func(err error, _ *PanicError) { errs[i] = err }) })
	}
	wg.Wait()
	return errors.Join(errs...)
}
