package readaside

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/warmclient/warmclient/internal/guard"
)

var errAllAbandoned = errors.New("readaside: too many calls of the cache are abandoned and still running")

// Detach returns a Cache for a client that ignores its context: each call of c is made on a
// goroutine of its own, and abandoned when ctx is done. The late answer of an abandoned call is
// dropped. A panic or a Goexit of c is an error.
//
// At most limit calls are under way at a time, abandoned ones included. Others wait for one of them
// to return, and fail at once while limit calls are abandoned. Detach panics if limit is less than
// 1.
func Detach(c Cache, limit int) Cache {
	if limit < 1 {
		panic(fmt.Sprintf("readaside: Detach: limit is %d, less than 1", limit))
	}
	return &detached{cache: c, slots: make(chan struct{}, limit), full: make(chan struct{})}
}

type detached struct {
	cache Cache
	slots chan struct{} // holds one for each call under way

	mu        sync.Mutex
	abandoned int
	full      chan struct{} // closed while abandoned calls hold all slots
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
	full := d.full
	d.mu.Unlock()
	select {
	case d.slots <- struct{}{}: // there is none while full is closed
	case <-full:
		return v, errAllAbandoned
	case <-ctx.Done():
		return v, fmt.Errorf("readaside: too many calls of the cache are under way: %w", context.Cause(ctx))
	}
	var over atomic.Bool // the call has returned or is abandoned, whichever is first
	ch := guard.Go(func() (T, error) {
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
		if p, ok := r.Err.(*guard.PanicError); ok { // a Load that returns it does not panic
			r.Err = fmt.Errorf("readaside: the cache: %w", p)
		}
		return r.Value, r.Err
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
		d.full = make(chan struct{})
	}
	if d.abandoned += n; d.abandoned == cap(d.slots) {
		close(d.full)
	}
}
