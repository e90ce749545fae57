package lazyclient

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// flight is one run of Open, and what its waiters wait for. It is the holder's flight until it succeeds, fails,
// overruns, or is cut off by Reset or Close: whoever takes it off the holder, under the lock, also
// sets its result and closes done.
type flight[T any] struct {
	node    node
	started time.Time          // wall clock
	attempt int                // since the last success
	cancel  context.CancelFunc // of the context given to Open
	timer   *time.Timer        // lets the waiters go though Open may be deaf to that context
	done    chan struct{}

	// The result, set before done is closed: value if it is not nil, else err. Neither: the flight was reset.
	value *value[T]
	err   error
}

func (f *flight[T]) ran() time.Duration { return max(0, wallNow().Sub(f.started)) }

// await returns the current value, or the result of the open that leads to the next one.
func (h *Holder[T]) await(ctx context.Context) (*value[T], error) {
	if v := h.current.Load(); v != nil && h.fresh(v, wallNow()) {
		return v, nil
	}
	h.mu.Lock()
	f := h.flight
	h.mu.Unlock()
	if f != nil && f.ran() > h.timeout() {
		// Its timer is late, as it is when the process was frozen: wait neither for that nor for a backoff.
		h.overrun(f, 0)
	}
	for {
		v, f, err := h.join(ctx)
		if f == nil {
			return v, err
		}
		leave, err := f.node.enter(ctx)
		if err != nil {
			return nil, err
		}
		select {
		case <-f.done:
			leave()
		case <-ctx.Done():
			leave()
			return nil, context.Cause(ctx)
		}
		if f.value != nil {
			return f.value, nil
		}
		if f.err != nil {
			return nil, f.err
		}
	}
}

func (h *Holder[T]) fresh(v *value[T], now time.Time) bool {
	age := now.Sub(v.opened)
	return h.MaxAge <= 0 || 0 <= age && age <= h.MaxAge
}

// join returns the flight to wait for, starting it if need be, or else an answer that is there already.
func (h *Holder[T]) join(ctx context.Context) (*value[T], *flight[T], error) {
	ended := context.Cause(ctx)
	h.mu.Lock()
	defer h.mu.Unlock()
	// Under the lock: a clock read before another caller's failure would look like one that was set back.
	v, now := h.current.Load(), wallNow()
	switch {
	case h.closed:
		return nil, nil, h.closedError()
	case v != nil && h.fresh(v, now):
		return v, nil, nil
	case h.flight != nil:
		return nil, h.flight, nil
	case h.failure != nil && !h.retry.over(now):
		if v != nil {
			return v, nil, nil // older than MaxAge, and better than nothing
		}
		return nil, nil, h.failure
	case ended != nil:
		return nil, nil, ended
	case h.Open == nil:
		return nil, nil, fmt.Errorf("lazyclient: holder %s has no Open", h.name())
	}
	h.flight = h.start(ctx, now)
	return nil, h.flight, nil
}

func (h *Holder[T]) start(ctx context.Context, now time.Time) *flight[T] {
	f := &flight[T]{node: node{name: h.name()}, started: now, attempt: 1, done: make(chan struct{})}
	if h.failure != nil {
		f.attempt += h.failure.Failures
	}
	ctx = context.WithValue(context.WithoutCancel(ctx), nodeKey{}, &f.node)
	ctx, f.cancel = context.WithTimeout(ctx, h.timeout())
	f.timer = time.AfterFunc(h.timeout(), func() {
		h.withBackoff(f.attempt, func(wait time.Duration) { h.overrun(f, wait) })
	})
	h.pending++
	go h.run(ctx, f)
	return f
}

func (h *Holder[T]) run(ctx context.Context, f *flight[T]) {
	defer h.end(nil)
	var v T
	guard(h.name(), func() (err error) {
		v, err = h.Open(ctx)
		if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) && !errors.Is(err, context.DeadlineExceeded) {
			// The timer and an Open that obeys it race to tell: either way both are in the chain.
			err = fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
		}
		return err
	}, func(err error, p *PanicError) {
		f.node.returned.Store(true)
		f.timer.Stop()
		f.cancel()
		h.forget(f)
		if err != nil {
			h.withBackoff(f.attempt, func(wait time.Duration) { h.fail(f, err, p, wait) })
		} else {
			h.land(f, v)
		}
	})
}

// forget takes f, which has returned, off the strays.
func (h *Holder[T]) forget(f *flight[T]) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.strays = slices.DeleteFunc(h.strays, func(stray *flight[T]) bool { return stray == f })
}

// land publishes v, or releases it if nobody waits for f any more.
func (h *Holder[T]) land(f *flight[T], v T) {
	h.mu.Lock()
	ours := h.flight == f
	val := newValue(v)
	h.pending++
	old := val
	if ours {
		old = h.current.Swap(val)
		h.flight, h.failure = nil, nil
		f.value = val
	}
	h.mu.Unlock()

	if old != nil {
		defer h.drop(old) // after the waiters are let go
	}
	if ours {
		defer close(f.done)
		h.emit(Opened, f.ran(), nil)
	}
}

// fail ends f with the value that is still there, or else with err. If nobody waits for f any more, it only
// sees to it that a panic does not vanish.
func (h *Holder[T]) fail(f *flight[T], err error, p *PanicError, wait time.Duration) {
	running := !f.node.returned.Load()
	h.mu.Lock()
	ours := h.flight == f
	if ours {
		h.retry = pause{since: wallNow(), d: wait}
		if up := f.started.Add(h.timeout()); up.Before(h.retry.since) {
			h.retry.since = up // which may be long ago if the process was frozen
		}
		h.flight = nil
		h.failure = &OpenError{Holder: h.name(), Failures: f.attempt, RetryAt: h.retry.since.Add(wait), Err: err}
		f.value, f.err = h.current.Load(), h.failure
		if p != nil {
			f.err = panicked{p}
		}
	}
	h.mu.Unlock()

	if ours {
		defer close(f.done)
	}
	if ours || p != nil {
		h.emit(OpenFailed, f.ran(), err)
	}
	if ours && running {
		h.emit(Abandoned, f.ran(), err)
	}
}

// overrun lets the waiters of f go because its time is up.
func (h *Holder[T]) overrun(f *flight[T], wait time.Duration) {
	defer f.cancel()
	h.fail(f, fmt.Errorf("no result within %v: %w", h.timeout(), context.DeadlineExceeded), nil, wait)
}

// abandon lets the waiters of f go with err, or, where that is nil, to look again.
func (h *Holder[T]) abandon(f *flight[T], err error) {
	f.timer.Stop()
	f.err = err
	close(f.done)
	h.emit(Abandoned, f.ran(), err)
}
