package cachetest

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"
)

// Memory is an in-memory readaside.Cache for tests. The zero value is an empty cache. A Memory is
// safe for concurrent use by multiple goroutines. It starts no goroutine.
//
// Like a remote cache, it shares no memory with its callers: it copies its arguments and results.
// If the context is done, a call does nothing and returns the error of the context. If the ttl is
// not greater than zero, a call returns an error.
type Memory struct {
	mu      sync.Mutex
	entries map[string]entry
}

type entry struct {
	value  []byte
	expiry time.Time
}

// NewMemory returns an empty Memory.
func NewMemory() *Memory {
	return new(Memory)
}

// Get returns the value stored under key, or nil if there is none.
func (m *Memory) Get(ctx context.Context, key string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	value, ok := m.lookup(key)
	if !ok {
		return nil, nil
	}
	return clone(value), nil
}

// Set stores value under key for ttl.
func (m *Memory) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	_, err := m.store(ctx, key, value, ttl, func([]byte, bool) bool { return true })
	return err
}

// SetIfAbsent stores value under key for ttl if nothing is stored there, and reports whether it
// did.
func (m *Memory) SetIfAbsent(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	return m.store(ctx, key, value, ttl, func(_ []byte, ok bool) bool { return !ok })
}

// SetIfEqual stores value under key for ttl if old is stored there, and reports whether it did.
func (m *Memory) SetIfEqual(ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
	return m.store(ctx, key, value, ttl, func(stored []byte, ok bool) bool { return ok && bytes.Equal(stored, old) })
}

// Delete removes the value under key, if there is one.
func (m *Memory) Delete(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.entries, key)
	return nil
}

// store stores value if the condition holds for the current value, and reports whether it did.
func (m *Memory) store(ctx context.Context, key string, value []byte, ttl time.Duration, condition func(stored []byte, ok bool) bool) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if ttl <= 0 {
		return false, fmt.Errorf("cachetest: store %q: ttl %v is not greater than zero", key, ttl)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if stored, ok := m.lookup(key); !condition(stored, ok) {
		return false, nil
	}
	if m.entries == nil {
		m.entries = make(map[string]entry)
	}
	m.entries[key] = entry{clone(value), time.Now().Add(ttl)}
	return true, nil
}

// lookup returns the value of an entry that has not expired. m.mu is held.
func (m *Memory) lookup(key string) ([]byte, bool) {
	e, ok := m.entries[key]
	if ok && !time.Now().Before(e.expiry) {
		delete(m.entries, key)
		return nil, false
	}
	return e.value, ok
}

// clone copies b. The copy of an empty b is not nil, because a nil value is a miss.
func clone(b []byte) []byte {
	return append([]byte{}, b...)
}
