package lazyclient

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// value is an opened T. The holder, while it is current, and each running Use have a reference.
type value[T any] struct {
	v       T
	opened  time.Time    // wall clock
	expires time.Time    // wall clock; zero: never
	refs    atomic.Int64 // the number of references less one: a new value has one
}

func (v *value[T]) expired(now time.Time) bool { return !v.expires.IsZero() && !now.Before(v.expires) }

// fresh reports whether v can be served without a refresh. Its age is unknown if it is negative.
func (h *Holder[T]) fresh(v *value[T], now time.Time) bool {
	age := now.Sub(v.opened)
	return !v.expired(now) && (h.MaxAge <= 0 || age >= 0 && age <= h.MaxAge)
}

// dead is far below any count: a value without references stays negative whatever acquire adds.
const dead = math.MinInt64 / 2

// acquire adds a reference, unless the last one is gone and the value is being released.
func (v *value[T]) acquire() bool { return v.refs.Add(1) >= 0 }

// drop removes a reference to v, and releases v if it was the last.
func (h *Holder[T]) drop(v *value[T]) {
	if v.refs.Add(-1) == -1 && v.refs.CompareAndSwap(-1, dead) {
		if h.Release == nil {
			h.end(nil)
		} else {
			go h.release(v)
		}
	}
}

// discard drops v, which was current until now, because of err.
func (h *Holder[T]) discard(v *value[T], err error) {
	defer h.drop(v) // deferred, here and elsewhere, since an observer may call runtime.Goexit
	h.emit(Invalidated, 0, err)
}

// Use calls fn with the value, opening it if need be as Get does, and returns fn's error. The value
// is not released before fn has returned.
//
// If Stale reports that fn's error means the value must be replaced, that very value is dropped,
// never a newer one, and the next one is opened once for all callers; fn runs once more with it,
// unless ctx has ended. If no new value can be had, fn's own error is returned. A value that has
// replaced a stale one and is stale too is replaced only when Backoff(n) has passed since it was
// opened, n being the number of stale values replaced in a row. Only a call on the current value
// that returns nil, or Reset, ends the row. So a revoked token does not cause an open per call.
//
// fn may run twice: its first run may have had an effect. A panic in fn passes through.
func (h *Holder[T]) Use(ctx context.Context, fn func(ctx context.Context, v T) error) error {
	replaced, err := h.use(ctx, true, fn)
	if !replaced {
		return err
	}
	v, openErr := h.lease(ctx, true)
	if openErr != nil {
		return err
	}
	if ctx.Err() != nil {
		h.drop(v)
		return err
	}
	_, err = h.call(ctx, v, fn)
	return err
}

// TryUse is Use without waiting. If the value is not open, TryUse starts an open, unless one is in
// flight, and returns an error with [ErrOpening] in its chain, or during a backoff its
// *[OpenError]. If Stale reports that fn's error means the value must be replaced, TryUse starts
// the open and returns fn's error joined with ErrOpening, or with what keeps the open from
// starting; fn does not run again. If the value is spared because of its backoff, fn's error is
// returned alone. The open is started even if ctx has ended.
func (h *Holder[T]) TryUse(ctx context.Context, fn func(ctx context.Context, v T) error) error {
	replaced, err := h.use(ctx, false, fn)
	if !replaced {
		return err
	}
	v, openErr := h.lease(ctx, false)
	if openErr == nil { // another caller has opened it again meanwhile
		h.drop(v)
		openErr = h.openingError()
	}
	return errors.Join(err, openErr)
}

// use calls fn once with a value that can be served, and reports whether its error replaced that.
func (h *Holder[T]) use(ctx context.Context, waits bool, fn func(context.Context, T) error) (replaced bool, err error) {
	v := h.current.Load()
	if v == nil || h.MaxAge > 0 || h.Expires != nil || !v.acquire() {
		if v, err = h.lease(ctx, waits); err != nil {
			return false, raise(err)
		}
	}
	return h.call(ctx, v, fn)
}

// lease returns a value that can be served, with a reference added.
func (h *Holder[T]) lease(ctx context.Context, waits bool) (*value[T], error) {
	for {
		v, err := h.await(ctx, waits)
		if err != nil || v.acquire() {
			return v, err
		}
		// Released between await and acquire: there is a newer one, or will be.
	}
}

// call calls fn with v, drops the reference to v, and reports whether v is replaced.
func (h *Holder[T]) call(ctx context.Context, v *value[T], fn func(context.Context, T) error) (replaced bool, err error) {
	err = func() error {
		defer h.drop(v)
		return fn(ctx, v.v)
	}()
	switch {
	case err == nil && h.stales.Load() == 0:
	case err == nil:
		h.mu.Lock()
		if h.current.Load() == v { // a late success on an older value says nothing about this one
			h.stales.Store(0)
		}
		h.mu.Unlock()
	case h.Stale != nil && h.Stale(err):
		replaced = h.replace(v, err)
	}
	return replaced, err
}

// replace drops v because of err, and reports whether v is out, be it by this call or by another.
func (h *Holder[T]) replace(v *value[T], err error) bool {
	h.mu.Lock()
	current := h.current.Load() == v
	n := int(h.stales.Load()) + 1
	spared := n > 1 && !pause{v.opened, h.spared}.over(wallNow())
	h.mu.Unlock()
	if !current || spared {
		return !current
	}
	wait := h.backoff(n)
	h.invalidate(v, err, func() {
		h.stales.Store(int32(n))
		h.spared = wait
	})
	return true
}

func (h *Holder[T]) release(v *value[T]) {
	start := time.Now()
	guard(h.name(), func() error {
		ctx, cancel := context.WithTimeout(context.Background(), h.timeout())
		defer cancel()
		return h.Release(ctx, v.v)
	}, func(err error, _ *PanicError) {
		defer h.end(err)
		kind := Released
		if err != nil {
			kind = ReleaseFailed
		}
		h.emit(kind, time.Since(start), err)
	})
}

// end notes that an open, or the life of a value, is over.
func (h *Holder[T]) end(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed && err != nil {
		h.errs = append(h.errs, err)
	}
	h.pending--
	if h.closed && h.pending == 0 {
		close(h.idle)
	}
}

const firstBackoff, maxBackoff = 50 * time.Millisecond, time.Second

// backoff returns how long to wait after the given number of failures in a row. It is never called
// with the lock held.
func (h *Holder[T]) backoff(failures int) (d time.Duration) {
	d = min(firstBackoff<<min(failures-1, 5), maxBackoff)
	d -= rand.N(d/4 + 1) // so that processes that failed together do not all come back together
	if h.Backoff != nil {
		defer func() { _ = recover() }() // d remains
		d = h.Backoff(failures)
	}
	return d
}

// wallNow is the wall clock alone. The monotonic clock, which time.Now also reads and which timers
// follow, stands still while a virtual machine is frozen.
func wallNow() time.Time { return time.Now().Round(0) }

// pause is a time by wall clock in which something must not be tried again.
type pause struct {
	since time.Time
	d     time.Duration
}

// over reports whether the pause has ended. A clock that was set back ends it.
func (p pause) over(now time.Time) bool {
	past := now.Sub(p.since)
	return past >= p.d || past < 0
}
