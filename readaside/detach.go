package readaside

import (
	"context"
	"errors"
	"fmt"
	"sync"
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
	if err := d.acquire(ctx); err != nil {
		return v, err
	}
	var returned, abandoned bool // guarded by d.mu
	ch := start(func() (T, error) {
		defer func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			if returned = true; abandoned {
				d.abandon(-1)
			}
			<-d.slots
		}()
		return call()
	})
	select {
	case r := <-ch:
		return r.value, r.err
	case <-ctx.Done():
	}
	d.mu.Lock()
	if !returned {
		abandoned = true
		d.abandon(+1)
	}
	d.mu.Unlock()
	return v, fmt.Errorf("readaside: the cache did not answer in time: %w", context.Cause(ctx))
}

// acquire waits for a slot.
func (d *detached) acquire(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	d.mu.Lock()
	stuck := d.stuck
	d.mu.Unlock()
	select {
	case <-stuck:
		return errAllAbandoned
	default:
	}
	select {
	case d.slots <- struct{}{}:
		return nil
	case <-stuck:
		return errAllAbandoned
	case <-ctx.Done():
		return fmt.Errorf("readaside: too many calls of the cache are under way: %w", context.Cause(ctx))
	}
}

// abandon counts abandoned calls. d.mu is held.
func (d *detached) abandon(n int) {
	if d.abandoned == cap(d.slots) {
		d.stuck = make(chan struct{})
	}
	if d.abandoned += n; d.abandoned == cap(d.slots) {
		close(d.stuck)
	}
}
