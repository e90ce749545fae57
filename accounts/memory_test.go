package accounts_test

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// memory is a cache in a map. Faults run before a call takes effect.
type memory struct {
	mu      sync.Mutex
	entries map[string][]byte
	expiry  map[string]time.Time
	calls   int
	before  func(ctx context.Context, op string) error
}

func newMemory() *memory {
	return &memory{entries: make(map[string][]byte), expiry: make(map[string]time.Time)}
}

func (m *memory) do(ctx context.Context, op string, call func()) error {
	m.mu.Lock()
	m.calls++
	before := m.before
	m.mu.Unlock()
	if before != nil {
		if err := before(ctx, op); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	call()
	return nil
}

func (m *memory) live(key string) []byte {
	if time.Now().Before(m.expiry[key]) {
		return m.entries[key]
	}
	return nil
}

func (m *memory) Get(ctx context.Context, key string) (value []byte, err error) {
	err = m.do(ctx, "get", func() { value = m.live(key) })
	return value, err
}

func (m *memory) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return m.do(ctx, "set", func() { m.entries[key], m.expiry[key] = value, time.Now().Add(ttl) })
}

func (m *memory) SetIfAbsent(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return m.do(ctx, "set if absent", func() {
		if m.live(key) == nil {
			m.entries[key], m.expiry[key] = value, time.Now().Add(ttl)
		}
	})
}

func (m *memory) fail(before func(context.Context, string) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.before = before
}

func (m *memory) called() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.calls
	m.calls = 0
	return n
}

func (m *memory) keys() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.entries))
}
