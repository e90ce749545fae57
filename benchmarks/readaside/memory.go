package readaside

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// memory is a readaside.Cache in which nothing expires.
type memory struct {
	values sync.Map // of []byte
	fault  atomic.Pointer[func(context.Context) error]
}

func (m *memory) fail(ctx context.Context) error {
	if f := m.fault.Load(); f != nil {
		return (*f)(ctx)
	}
	return nil
}

func (m *memory) Get(ctx context.Context, key string) ([]byte, error) {
	if err := m.fail(ctx); err != nil {
		return nil, err
	}
	v, _ := m.values.Load(key)
	b, _ := v.([]byte)
	return b, nil
}

func (m *memory) Set(ctx context.Context, key string, value []byte, _ time.Duration) error {
	if err := m.fail(ctx); err != nil {
		return err
	}
	m.values.Store(key, value)
	return nil
}

func (m *memory) SetIfAbsent(ctx context.Context, key string, value []byte, _ time.Duration) (bool, error) {
	if err := m.fail(ctx); err != nil {
		return false, err
	}
	_, there := m.values.LoadOrStore(key, value)
	return !there, nil
}

func (m *memory) SetIfEqual(ctx context.Context, key string, old, value []byte, _ time.Duration) (bool, error) {
	if err := m.fail(ctx); err != nil {
		return false, err
	}
	v, _ := m.values.Load(key)
	b, there := v.([]byte)
	if !there || !bytes.Equal(b, old) {
		return false, nil
	}
	m.values.Store(key, value) // readers and writers of one key take turns here
	return true, nil
}

func (m *memory) Delete(ctx context.Context, key string) error {
	if err := m.fail(ctx); err != nil {
		return err
	}
	m.values.Delete(key)
	return nil
}

// each changes every value.
func (m *memory) each(change func(old []byte) []byte) {
	m.values.Range(func(key, v any) bool {
		m.values.Store(key, change(v.([]byte)))
		return true
	})
}

// redisMemory is memory as go-redis/cache takes it. A string in and out is what
// a Redis client's answer costs, too.
type redisMemory struct{ *memory }

func (m redisMemory) Get(ctx context.Context, key string) *redis.StringCmd {
	b, err := m.memory.Get(ctx, key)
	if err == nil && b == nil {
		err = redis.Nil
	}
	return redis.NewStringResult(string(b), err)
}

func (m redisMemory) Set(ctx context.Context, key string, value any, ttl time.Duration) *redis.StatusCmd {
	return redis.NewStatusResult("OK", m.memory.Set(ctx, key, value.([]byte), ttl))
}

func (m redisMemory) SetNX(ctx context.Context, key string, value any, ttl time.Duration) *redis.BoolCmd {
	return redis.NewBoolResult(m.SetIfAbsent(ctx, key, value.([]byte), ttl))
}

func (m redisMemory) SetXX(ctx context.Context, key string, value any, ttl time.Duration) *redis.BoolCmd {
	if _, ok := m.values.Load(key); !ok {
		return redis.NewBoolResult(false, m.fail(ctx))
	}
	return redis.NewBoolResult(true, m.memory.Set(ctx, key, value.([]byte), ttl))
}

func (m redisMemory) Del(ctx context.Context, keys ...string) *redis.IntCmd {
	if err := m.fail(ctx); err != nil {
		return redis.NewIntResult(0, err)
	}
	var n int64
	for _, key := range keys {
		if _, ok := m.values.LoadAndDelete(key); ok {
			n++
		}
	}
	return redis.NewIntResult(n, nil)
}

// storage is memory as sturdyc takes it, which knows no errors.
type storage struct{ *memory }

func (s storage) Get(ctx context.Context, key string) ([]byte, bool) {
	b, err := s.memory.Get(ctx, key)
	return b, err == nil && b != nil
}

func (s storage) Set(ctx context.Context, key string, value []byte) {
	_ = s.memory.Set(ctx, key, value, time.Hour)
}

func (s storage) GetBatch(ctx context.Context, keys []string) map[string][]byte {
	found := make(map[string][]byte)
	for _, key := range keys {
		if b, ok := s.Get(ctx, key); ok {
			found[key] = b
		}
	}
	return found
}

func (s storage) SetBatch(ctx context.Context, records map[string][]byte) {
	for key, value := range records {
		s.Set(ctx, key, value)
	}
}
