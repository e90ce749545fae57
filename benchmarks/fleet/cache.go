package fleet

import (
	"context"
	"time"
)

// cache is the world's cache as seen by one process. It implements readaside.Cache.
type cache struct{ *process }

// request counts the calls of the cache by one request. The context carries it, so that it also
// counts calls detached from the request's cancellation.
type request struct {
	calls    int
	replaced bool // the entry was deleted, or replaced by a value, after the write
}

type requestKey struct{}

func (c cache) call(ctx context.Context, effect func()) error {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		c.do(func() { r.calls++ })
	}
	return c.exchange(ctx, cacheTime, true, effect)
}

// get returns the stored value, or "" for a miss. The world is locked.
func (w *world) get(key string) string {
	if e, ok := w.entries[key]; ok && time.Now().Before(e.expiry) {
		return e.value
	}
	return ""
}

func (c cache) Get(ctx context.Context, key string) ([]byte, error) {
	var value []byte
	err := c.call(ctx, func() {
		if stored := c.get(key); stored != "" {
			value = []byte(stored)
		}
	})
	if err != nil {
		return nil, err // value may still be written
	}
	return value, nil
}

func (c cache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return c.call(ctx, func() { c.entries[key] = entry{string(value), time.Now().Add(ttl)} })
}

func (c cache) SetIfAbsent(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	return c.setIf(ctx, key, "", value, ttl)
}

func (c cache) SetIfEqual(ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
	return c.setIf(ctx, key, string(old), value, ttl)
}

func (c cache) setIf(ctx context.Context, key, old string, value []byte, ttl time.Duration) (bool, error) {
	var stored bool
	err := c.call(ctx, func() {
		if c.get(key) == old {
			c.entries[key] = entry{string(value), time.Now().Add(ttl)}
			stored = true
			replaced(ctx)
		}
	})
	if err != nil {
		return false, err
	}
	return stored, nil
}

func (c cache) Delete(ctx context.Context, key string) error {
	return c.call(ctx, func() {
		delete(c.entries, key)
		replaced(ctx)
	})
}

func replaced(ctx context.Context) {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		r.replaced = true
	}
}

// evict removes random entries. The world is locked.
func (w *world) evict() {
	n := int(evicted * float64(len(w.entries)))
	for key := range w.entries { // in random order
		if n--; n < 0 {
			return
		}
		delete(w.entries, key)
	}
}
