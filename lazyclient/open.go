package lazyclient

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// opening is one run of Open, and what its waiters wait for. It is the holder's until it succeeds,
// fails, overruns, or is taken off by Reset or Close: the goroutine that takes it off, under the
// lock, sets its result and closes done.
type opening[T any] struct {
	node    node
	started time.Time          // wall clock
	attempt int                // since the last success
	cancel  context.CancelFunc // of the context given to Open
	timer   *time.Timer        // ends the wait though Open may ignore that context
	done    chan struct{}

	// Guarded by the holder's lock.
	asked bool // one goroutine has taken it on to ask Backoff and to end it with a failure
	told  bool // its end has been observed

	// The result, set before done is closed: value if it is not nil, else err. Neither: the holder
	// was reset.
	value *value[T]
	err   error
}

func (o *opening[T]) ran() time.Duration { return max(0, wallNow().Sub(o.started)) }

// await returns a value that can be served, or the result of the open that it waits for, if it
// does.
func (h *Holder[T]) await(ctx context.Context, waits bool) (*value[T], error) {
	for {
		if v := h.current.Load(); v != nil {
			if now := wallNow(); !h.old(v, now) && !v.expired(now) {
				return v, nil
			}
		}
		overdue := h.endOverdue()
		v, o, err := h.join(ctx, waits)
		if o == nil {
			return v, err
		}
		if !waits {
			return nil, h.openingError()
		}
		select {
		case <-o.done:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if o != overdue && (o.value != nil || o.err != nil) {
			return o.value, o.err
		}
	}
}

// endOverdue returns the in-flight open if its time is over, as after a freeze, when its timer has
// not fired. It has been ended then, unless another goroutine is about to.
func (h *Holder[T]) endOverdue() *opening[T] {
	h.mu.Lock()
	o := h.opening
	h.mu.Unlock()
	if o == nil || o.ran() < h.timeout() {
		return nil
	}
	h.overrun(o)
	return o
}

// join returns a value that can be served, or the open to wait for, which it starts if need be, or
// an error that is there already. A caller that does not wait has its open started though ctx has
// ended.
func (h *Holder[T]) join(ctx context.Context, waits bool) (*value[T], *opening[T], error) {
	cycle, ended := h.cycle(ctx), context.Cause(ctx)
	h.mu.Lock()
	defer h.mu.Unlock()
	// Under the lock: a clock read before another caller's failure would look like one that was set
	// back.
	v, now := h.current.Load(), wallNow()
	usable, failing := v != nil && !v.expired(now), h.failure != nil && !h.retry.over(now)
	switch {
	case h.closed:
		return nil, nil, h.closedError()
	case usable && (!h.old(v, now) || h.opening != nil || failing || h.Open == nil):
		return v, nil, nil
	case usable:
		h.opening = h.start(ctx, nil, now) // a refresh
		return v, nil, nil
	case cycle != nil:
		return nil, nil, cycle
	case h.opening != nil:
		return nil, h.opening, nil
	case failing:
		return nil, nil, h.failure
	case waits && ended != nil:
		return nil, nil, ended
	case h.Open == nil:
		return nil, nil, fmt.Errorf("lazyclient: holder %s has no Open", h.name())
	}
	var parent *node // of an open without waiters: none
	if waits {
		parent = nodeOf(ctx)
	}
	h.opening = h.start(ctx, parent, now)
	return nil, h.opening, nil
}

// old reports whether v is to be refreshed. It is if the clock was set back: its age is not known
// then.
func (h *Holder[T]) old(v *value[T], now time.Time) bool {
	age := now.Sub(v.opened)
	return h.MaxAge > 0 && (age < 0 || age > h.MaxAge)
}

func (h *Holder[T]) start(ctx context.Context, parent *node, now time.Time) *opening[T] {
	o := &opening[T]{node: node{name: h.name(), holder: h, parent: parent}, started: now, attempt: 1, done: make(chan struct{})}
	if h.failure != nil {
		o.attempt += h.failure.Failures
	}
	ctx = context.WithValue(context.WithoutCancel(ctx), nodeKey{}, &o.node)
	ctx, o.cancel = context.WithTimeout(ctx, h.timeout())
	o.timer = time.AfterFunc(h.timeout(), func() { h.overrun(o) })
	h.pending++
	go h.run(ctx, o)
	return o
}

func (h *Holder[T]) run(ctx context.Context, o *opening[T]) {
	defer h.end(nil)
	var v T
	var expires time.Time
	opened := false
	guard(h.name(), func() (err error) {
		if v, err = h.Open(ctx); err != nil {
			if errors.Is(ctx.Err(), context.DeadlineExceeded) && !errors.Is(err, context.DeadlineExceeded) {
				// The timer races with an Open that returns when its context ends: either way both
				// are in the chain.
				err = fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
			}
			return err
		}
		opened = true
		if h.Expires != nil {
			expires = h.Expires(v).Round(0)
		}
		if !expires.IsZero() && !wallNow().Before(expires) {
			return fmt.Errorf("the value expired at %v", expires.Format(time.RFC3339))
		}
		return nil
	}, func(err error, p *PanicError) {
		o.node.returned.Store(true)
		o.cancel()
		if opened && err != nil {
			h.publish(nil, v, expires) // as no current value: it is released
		}
		if err != nil {
			h.failAfterBackoff(o, err, p)
		} else {
			h.publish(o, v, expires)
		}
	})
}

// publish makes v the current value, or releases it if o is over or not the holder's any more.
func (h *Holder[T]) publish(o *opening[T], v T, expires time.Time) {
	h.mu.Lock()
	ours := o != nil && h.opening == o && !o.asked // asked: its deadline has been found first
	val := newValue(v, expires)
	h.pending++
	old := val
	if ours {
		h.takeOff(o)
		old = h.current.Swap(val)
		h.failure = nil
		o.value = val
	}
	h.mu.Unlock()

	if old != nil {
		defer h.drop(old) // after the waiters continue
	}
	if ours {
		defer close(o.done)
		h.emit(Opened, o.ran(), nil)
	}
}

// backoffGrace is how long an open may outlast its deadline while Backoff is asked about it.
const backoffGrace = 10 * time.Millisecond

// failAfterBackoff asks Backoff and ends o with err. Open, the timer and callers may all find at
// once that o has failed: only the first asks. Where Backoff calls runtime.Goexit, or has not
// returned by the deadline of o, the longest default backoff takes its place.
func (h *Holder[T]) failAfterBackoff(o *opening[T], err error, p *PanicError) {
	h.mu.Lock()
	first, left := !o.asked, h.timeout()-o.ran()
	o.asked = true
	h.mu.Unlock()
	if !first {
		if p != nil {
			h.emit(OpenFailed, o.ran(), err)
		}
		return
	}
	wait := maxBackoff
	limit := time.AfterFunc(max(left, backoffGrace), func() {
		h.fail(o, h.overdueError(), nil, maxBackoff)
	})
	defer func() {
		limit.Stop()
		h.fail(o, err, p, wait)
	}()
	wait = h.backoff(o.attempt)
}

// fail ends o with err, if it is still the holder's.
func (h *Holder[T]) fail(o *opening[T], err error, p *PanicError, wait time.Duration) {
	h.mu.Lock()
	ours := h.opening == o
	tell := ours || p != nil || o.node.returned.Load() && !o.told
	running := false
	if ours {
		running = h.takeOff(o)
		h.retry = pause{since: wallNow(), d: wait}
		if deadline := o.started.Add(h.timeout()); deadline.Before(h.retry.since) {
			h.retry.since = deadline // which may be long ago if the process was frozen
		}
		h.failure = &OpenError{Holder: h.name(), Failures: o.attempt, RetryAt: h.retry.since.Add(wait), Err: err}
		o.err = h.failure
		if p != nil {
			o.err = panicked{p}
		}
	}
	o.told = o.told || tell
	h.mu.Unlock()

	if ours {
		defer close(o.done)
	}
	if tell {
		h.emit(OpenFailed, o.ran(), err)
	}
	if running {
		h.emit(Abandoned, o.ran(), err)
	}
}

// overrun ends o because its time is over.
func (h *Holder[T]) overrun(o *opening[T]) {
	defer o.cancel()
	h.failAfterBackoff(o, h.overdueError(), nil)
}

func (h *Holder[T]) overdueError() error {
	return fmt.Errorf("no result within %v: %w", h.timeout(), context.DeadlineExceeded)
}

// takeOff takes o off the holder, and reports whether its Open still runs. The lock is held.
func (h *Holder[T]) takeOff(o *opening[T]) (running bool) {
	if o == nil || h.opening != o {
		return false
	}
	h.opening = nil
	o.timer.Stop()
	running = !o.node.returned.Load()
	o.told = o.told || running
	return running
}

// abandon cancels o, which has been taken off, and ends the wait for it with err, or, where that is
// nil, lets its waiters look again.
func (h *Holder[T]) abandon(o *opening[T], err error, running bool) {
	if o == nil {
		return
	}
	o.cancel()
	o.err = err
	close(o.done)
	if running {
		h.emit(Abandoned, o.ran(), err)
	}
}
