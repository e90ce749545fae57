package readaside

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

var errAllAbandoned = errors.New("readaside: too many calls of the cache are abandoned and still running")

// Detach returns a Cache for a client that ignores its context: each call of c is made on a
// goroutine of its own, and abandoned when ctx is done. The late answer of an abandoned call is
// dropped. A panic or a Goexit of c is an error.
//
// At most limit calls are under way at a time, abandoned ones included. Others wait for one of
// them to return, and fail at once while limit calls are abandoned. Detach panics if limit is less
// than 1.
func Detach(c Cache, limit int) Cache {
	if limit < 1 {
		panic(fmt.Sprintf("readaside: Detach: limit is %d, less than 1", limit))
	}
	return &detached{cache: c, slots: make(chan struct{}, limit), stuck: make(chan struct{})}
}

type detached struct {
	cache Cache
	slots chan struct{} // holds one for each call under way

	mu        sync.Mutex
	abandoned int
	stuck     chan struct{} // closed while all slots are held by abandoned calls
}

func (d *detached) Get(ctx context.Context, key string) ([]byte, error) {
	return detach(ctx, d, func() ([]byte, error) { return d.cache.Get(ctx, key) })
}

func (d *detached) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	_, err := detach(ctx, d, func() (struct{}, error) { return struct{}{}, d.cache.Set(ctx, key, value, ttl) })
	return err
}

func (d *detached) SetIfAbsent(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	return detach(ctx, d, func() (bool, error) { return d.cache.SetIfAbsent(ctx, key, value, ttl) })
}

func (d *detached) SetIfEqual(ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
	return detach(ctx, d, func() (bool, error) { return d.cache.SetIfEqual(ctx, key, old, value, ttl) })
}

func (d *detached) Delete(ctx context.Context, key string) error {
	_, err := detach(ctx, d, func() (struct{}, error) { return struct{}{}, d.cache.Delete(ctx, key) })
	return err
}

// detach makes one call.
func detach[T any](ctx context.Context, d *detached, call func() (T, error)) (v T, err error) {
	if ctx.Err() != nil {
		return v, context.Cause(ctx)
	}
	d.mu.Lock()
	stuck := d.stuck
	d.mu.Unlock()
	select {
	case d.slots <- struct{}{}: // there is none while stuck is closed
	case <-stuck:
		return v, errAllAbandoned
	case <-ctx.Done():
		return v, fmt.Errorf("readaside: too many calls of the cache are under way: %w", context.Cause(ctx))
	}
	var over atomic.Bool // the call has returned or is abandoned, whichever is first
	ch := start(func() (T, error) {
		defer func() {
			if over.Swap(true) {
				d.abandon(-1)
			}
			<-d.slots
		}()
		return call()
	})
	select {
	case r := <-ch:
		if p, ok := r.err.(*panicError); ok { // a Load that returns it does not panic
			r.err = fmt.Errorf("readaside: the cache: %w", p)
		}
		return r.value, r.err
	case <-ctx.Done():
		if !over.Swap(true) {
			d.abandon(+1)
		}
		return v, fmt.Errorf("readaside: the cache did not answer in time: %w", context.Cause(ctx))
	}
}

// abandon counts abandoned calls. A call that returns while it is being abandoned may be taken off
// before it is added.
func (d *detached) abandon(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.abandoned == cap(d.slots) {
		d.stuck = make(chan struct{})
	}
	if d.abandoned += n; d.abandoned == cap(d.slots) {
		close(d.stuck)
	}
}

// errGoexit is the error of a function that called runtime.Goexit, as t.FailNow does.
var errGoexit = errors.New("runtime.Goexit was called")

// A panicError is a panic on its way to another goroutine, which panics with err: what a Load
// recovers and returns is no panicError. The text has the stack of the origin.
type panicError struct{ err error }

func (p *panicError) Error() string { return p.err.Error() }
func (p *panicError) Unwrap() error { return p.err }

// guard returns what fn returns. A panic of fn is an error, a *panicError.
func guard[T any](fn func() (T, error)) (v T, err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case error:
			err = &panicError{fmt.Errorf("panic: %w\n\n%s", p, debug.Stack())}
		default:
			err = &panicError{fmt.Errorf("panic: %v\n\n%s", p, debug.Stack())}
		}
	}()
	return fn()
}

// A result is what a function that ran on a goroutine of its own has come to.
type result[T any] struct {
	value T
	err   error // errGoexit where the function ended its goroutine, a *panicError where it panicked
}

// start calls fn on a goroutine of its own and returns the channel that gets the one result.
func start[T any](fn func() (T, error)) <-chan result[T] {
	ch := make(chan result[T], 1)
	go func() {
		r := result[T]{err: errGoexit}
		defer func() { ch <- r }()
		r.value, r.err = guard(fn)
	}()
	return ch
}
