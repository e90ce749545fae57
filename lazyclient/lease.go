package lazyclient

import (
	"context"
	"math"
	"sync/atomic"
	"time"
)

// value is an opened T with the number of its references: one of the holder while it is current, and one of each Use
// that runs.
type value[T any] struct {
	v      T
	opened time.Time // wall clock
	refs   atomic.Int64
}

func newValue[T any](v T) *value[T] {
	val := &value[T]{v: v, opened: wallNow()}
	val.refs.Store(1)
	return val
}

// dead is far below any count: a value whose last reference is gone stays negative whatever acquire adds.
const dead = math.MinInt64 / 2

// acquire adds a reference, unless the last one is gone and the value is being released.
func (v *value[T]) acquire() bool { return v.refs.Add(1) > 0 }

// drop gives up a reference to v, and releases v if it was the last.
func (h *Holder[T]) drop(v *value[T]) {
	if v.refs.Add(-1) == 0 && v.refs.CompareAndSwap(0, dead) {
		h.release(v)
	}
}

// discard drops v, which was current until now, because of err.
func (h *Holder[T]) discard(v *value[T], err error) {
	defer h.drop(v) // deferred, here and elsewhere, since an observer may call runtime.Goexit
	h.emit(Invalidated, 0, err)
}

// Use calls fn with the current value, opening it if need be as Get does, and returns fn's error. The value
// is not released before fn has returned.
//
// If Stale says that fn's error means the value is no longer good, that very value is dropped (never a newer
// one), opened anew once for all callers, and fn runs once more. If it cannot be opened anew, or ctx ends
// meanwhile, fn's own error is returned. A value whose predecessor was stale is on trial: until a call on it has
// returned without a stale error, it is not dropped before Backoff(n) has passed since the last drop, n being the
// number of values dropped in a row. So a token that was revoked for good does not become a flood of opens.
//
// fn may run twice, so it must not assume that its first run had no effect. A panic in fn passes through.
func (h *Holder[T]) Use(ctx context.Context, fn func(ctx context.Context, v T) error) error {
	v := h.current.Load()
	if v == nil || h.MaxAge > 0 || !v.acquire() {
		var err error
		if v, err = h.lease(ctx); err != nil {
			return raise(err)
		}
	}
	err := h.call(ctx, v, fn)
	if err == nil && h.stales.Load() == 0 {
		return nil
	}
	if !h.settle(v, err) {
		return err
	}
	if v, openErr := h.lease(ctx); openErr == nil {
		err = h.call(ctx, v, fn)
		h.settle(v, err)
	}
	return err
}

// lease returns the current value with a reference added.
func (h *Holder[T]) lease(ctx context.Context) (*value[T], error) {
	for {
		v, err := h.await(ctx)
		if err != nil {
			return nil, err
		}
		if v.acquire() {
			return v, nil
		}
		// Released between await and acquire: there is a newer one, or will be.
	}
}

func (h *Holder[T]) call(ctx context.Context, v *value[T], fn func(context.Context, T) error) error {
	defer h.drop(v)
	return fn(ctx, v.v)
}

// settle draws the conclusion from a call on v that ended with err, and reports whether the call is worth
// repeating with a newer value.
func (h *Holder[T]) settle(v *value[T], err error) bool {
	if err != nil && h.Stale != nil && h.Stale(err) {
		return h.expel(v, err)
	}
	if h.stales.Load() > 0 {
		h.mu.Lock()
		if h.current.Load() == v {
			h.stales.Store(0)
		}
		h.mu.Unlock()
	}
	return false
}

// expel drops v because of err, and reports whether v is out, be it by this call or by another.
func (h *Holder[T]) expel(v *value[T], err error) bool {
	now := wallNow()
	h.mu.Lock()
	isCurrent := h.current.Load() == v
	n := int(h.stales.Load()) + 1
	protected := n > 1 && !h.expulsed.over(now)
	h.mu.Unlock()
	if !isCurrent || protected {
		return !isCurrent
	}

	p := pause{since: now, d: h.backoff(n)}
	h.invalidate(v, err, func() { h.stales.Store(int32(n)); h.expulsed = p })
	return true
}

func (h *Holder[T]) release(v *value[T]) {
	start := time.Now()
	guard(h.name(), func() error {
		if h.Release == nil {
			return nil
		}
		// Of its own: whoever happens to drop the last reference may be about to end.
		ctx, cancel := context.WithTimeout(context.Background(), h.timeout())
		defer cancel()
		return h.Release(ctx, v.v)
	}, func(err error, _ *PanicError) {
		defer h.end(err)
		switch {
		case err != nil:
			h.emit(ReleaseFailed, time.Since(start), err)
		case h.Release != nil:
			h.emit(Released, time.Since(start), nil)
		}
	})
}

// end says that an open, or the life of a value, is over.
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
