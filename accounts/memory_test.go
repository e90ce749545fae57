package accounts_test

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/warmclient/warmclient/readaside/cachetest"
)

// memory is a cache in memory. Its fault runs before a call takes effect.
type memory struct {
	*cachetest.Memory

	mu     sync.Mutex
	calls  int
	seen   map[string]bool // keys
	before func(ctx context.Context, op string) error
}

func newMemory() *memory { return &memory{Memory: cachetest.NewMemory(), seen: make(map[string]bool)} }

func (m *memory) begin(ctx context.Context, op, key string) error {
	m.mu.Lock()
	m.calls++
	m.seen[key] = true
	before := m.before
	m.mu.Unlock()
	if before == nil {
		return nil
	}
	return before(ctx, op)
}

func (m *memory) Get(ctx context.Context, key string) ([]byte, error) {
	if err := m.begin(ctx, "get", key); err != nil {
		return nil, err
	}
	return m.Memory.Get(ctx, key)
}

func (m *memory) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := m.begin(ctx, "set", key); err != nil {
		return err
	}
	return m.Memory.Set(ctx, key, value, ttl)
}

func (m *memory) SetIfAbsent(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	if err := m.begin(ctx, "set if absent", key); err != nil {
		return false, err
	}
	return m.Memory.SetIfAbsent(ctx, key, value, ttl)
}

func (m *memory) SetIfEqual(ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
	if err := m.begin(ctx, "set if equal", key); err != nil {
		return false, err
	}
	return m.Memory.SetIfEqual(ctx, key, old, value, ttl)
}

func (m *memory) Delete(ctx context.Context, key string) error {
	if err := m.begin(ctx, "delete", key); err != nil {
		return err
	}
	return m.Memory.Delete(ctx, key)
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

// keys returns the keys of all calls so far.
func (m *memory) keys() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.seen))
}

// plant stores a value under a key as another process might.
func (m *memory) plant(key string, value []byte) {
	_ = m.Memory.Set(context.Background(), key, value, time.Hour)
}

func (m *memory) value(key string) []byte {
	value, _ := m.Memory.Get(context.Background(), key)
	return value
}
