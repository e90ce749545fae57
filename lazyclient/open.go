package lazyclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// opening is one run of Open, and what its waiters wait for. The goroutine that takes it off the
// holder sets its result and closes done.
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

	// The result, set before done is closed: a value or an error, or neither after a Reset.
	value *value[T]
	err   error
}

func (o *opening[T]) ran() time.Duration { return max(0, wallNow().Sub(o.started)) }

// await returns a value that can be served, or the result of an open.
func (h *Holder[T]) await(ctx context.Context, waits bool) (*value[T], error) {
	for {
		if v := h.current.Load(); v != nil && h.fresh(v, wallNow()) {
			return v, nil
		}
		h.mu.Lock()
		overdue := h.opening
		h.mu.Unlock()
		if overdue == nil || overdue.ran() < h.timeout() {
			overdue = nil
		} else {
			h.overrun(overdue) // its timer has not fired, as after a freeze
		}
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

// join returns a value that can be served, or the open to wait for, which it starts if need be, or
// an error. A caller that does not wait has its open started though ctx has ended.
func (h *Holder[T]) join(ctx context.Context, waits bool) (*value[T], *opening[T], error) {
	parent, ended := nodeOf(ctx), context.Cause(ctx) // before the lock: ctx may be of the user's type
	cycle := h.cycle(parent)
	h.mu.Lock()
	defer h.mu.Unlock()
	// Under the lock: a clock read before another's failure would look like one that was set back.
	v, now := h.current.Load(), wallNow()
	usable, failing := v != nil && !v.expired(now), h.failure != nil && !h.retry.over(now)
	switch {
	case h.closed:
		return nil, nil, h.closedError()
	case usable && (h.fresh(v, now) || h.opening != nil || failing || h.Open == nil):
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
	if !waits {
		parent = nil
	}
	h.opening = h.start(ctx, parent, now)
	return nil, h.opening, nil
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
				// As if the timer, which races with such an Open, had been first.
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
		if opened {
			h.publish(o, v, expires, err == nil)
		}
		if err != nil {
			h.failAfterBackoff(o, err, p)
		}
	})
}

// publish makes v the current value, or releases it if v is not good, or if o is over or not the
// holder's any more.
func (h *Holder[T]) publish(o *opening[T], v T, expires time.Time, good bool) {
	h.mu.Lock()
	ours := good && h.opening == o && !o.asked // asked: its deadline has been found first
	o.asked = o.asked || good                  // and it is not found from now on
	val := &value[T]{v: v, opened: wallNow(), expires: expires}
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

// failAfterBackoff asks Backoff and ends o with err, or if that is nil with the end of its time. Of
// the goroutines that find that o has failed only the first asks. Where Backoff calls
// runtime.Goexit, or has not returned by the deadline of o, the longest default backoff applies.
func (h *Holder[T]) failAfterBackoff(o *opening[T], err error, p *PanicError) {
	h.mu.Lock()
	first, left := !o.asked, h.timeout()-o.ran()
	o.asked = true
	if first {
		h.pending++ // Close waits for the goroutine that asks, which may be the timer's
	}
	h.mu.Unlock()
	if !first {
		if p != nil {
			h.emit(OpenFailed, o.ran(), err)
		}
		return
	}
	defer h.end(nil)
	late, wait := fmt.Errorf("no result within %v: %w", h.timeout(), context.DeadlineExceeded), maxBackoff
	limit := time.AfterFunc(max(left, backoffGrace), func() { h.fail(o, late, nil, maxBackoff) })
	defer func() {
		limit.Stop()
		h.fail(o, cmp.Or(err, late), p, wait)
	}()
	wait = h.backoff(o.attempt)
}

// fail ends o with err, if it is still the holder's.
func (h *Holder[T]) fail(o *opening[T], err error, p *PanicError, wait time.Duration) {
	h.mu.Lock()
	ours := h.opening == o
	tell := ours || p != nil || o.node.returned.Load() && !o.told
	running := h.takeOff(o)
	if ours {
		h.retry = pause{since: wallNow(), d: wait}
		if deadline := o.started.Add(h.timeout()); deadline.Before(h.retry.since) {
			h.retry.since = deadline // which may be long ago if the process was frozen
		}
		h.failure = &OpenError{Holder: h.name(), Failures: o.attempt, RetryAt: h.retry.since.Add(wait), Err: err}
		o.err = h.failure
		if p != nil {
			o.err = panicked{p}
		}
		defer close(o.done) // when the failure has been observed
	}
	o.told = o.told || tell
	h.mu.Unlock()
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
	h.failAfterBackoff(o, nil, nil)
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

// node, in the context given to Open, is one in the chain of opens that wait for one another.
type node struct {
	name     string
	holder   any   // the *Holder
	parent   *node // the open whose caller waits for this one; nil: none
	returned atomic.Bool
}

type nodeKey struct{}

func nodeOf(ctx context.Context) *node {
	n, _ := ctx.Value(nodeKey{}).(*node)
	return n
}

// cycle returns ErrCycle if n is an open of h that has not returned, or one that such an open waits
// for.
func (h *Holder[T]) cycle(n *node) error {
	path := h.name()
	for ; n != nil; n = n.parent {
		if n.returned.Load() {
			continue
		}
		path = n.name + " -> " + path
		if n.holder == any(h) {
			return fmt.Errorf("%w: %s", ErrCycle, path)
		}
	}
	return nil
}
