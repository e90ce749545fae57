package readaside

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/viccon/sturdyc"
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
	m.values.Store(key, value) // readers and writers of one key serialize here
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

// redisMemory adapts memory to go-redis/cache, which calls only these methods. The conversions to
// and from a string also occur with a Redis client.
type redisMemory struct {
	redis.Cmdable
	memory *memory
}

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

func (m redisMemory) Del(ctx context.Context, keys ...string) *redis.IntCmd {
	var err error
	for _, key := range keys {
		err = errors.Join(err, m.memory.Delete(ctx, key))
	}
	return redis.NewIntResult(int64(len(keys)), err)
}

// storage adapts memory to sturdyc, whose interface has no errors. sturdyc calls only these
// methods.
type storage struct {
	sturdyc.DistributedStorage
	memory *memory
}

func (s storage) Get(ctx context.Context, key string) ([]byte, bool) {
	b, err := s.memory.Get(ctx, key)
	return b, err == nil && b != nil
}

func (s storage) Set(ctx context.Context, key string, value []byte) {
	_ = s.memory.Set(ctx, key, value, time.Hour)
}
