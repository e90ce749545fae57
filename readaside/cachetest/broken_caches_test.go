package cachetest_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/warmclient/warmclient/readaside/cachetest"
)

// broken is a Memory with one fault: each function that is set replaces its method.
type broken struct {
	*cachetest.Memory
	get         func(m *cachetest.Memory, ctx context.Context, key string) ([]byte, error)
	set         func(m *cachetest.Memory, ctx context.Context, key string, value []byte, ttl time.Duration) error
	setIfAbsent func(m *cachetest.Memory, ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error)
	setIfEqual  func(m *cachetest.Memory, ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error)
	delete      func(m *cachetest.Memory, ctx context.Context, key string) error
}

func (b *broken) Get(ctx context.Context, key string) ([]byte, error) {
	if b.get != nil {
		return b.get(b.Memory, ctx, key)
	}
	return b.Memory.Get(ctx, key)
}

func (b *broken) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if b.set != nil {
		return b.set(b.Memory, ctx, key, value, ttl)
	}
	return b.Memory.Set(ctx, key, value, ttl)
}

func (b *broken) SetIfAbsent(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	if b.setIfAbsent != nil {
		return b.setIfAbsent(b.Memory, ctx, key, value, ttl)
	}
	return b.Memory.SetIfAbsent(ctx, key, value, ttl)
}

func (b *broken) SetIfEqual(ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
	if b.setIfEqual != nil {
		return b.setIfEqual(b.Memory, ctx, key, old, value, ttl)
	}
	return b.Memory.SetIfEqual(ctx, key, old, value, ttl)
}

func (b *broken) Delete(ctx context.Context, key string) error {
	if b.delete != nil {
		return b.delete(b.Memory, ctx, key)
	}
	return b.Memory.Delete(ctx, key)
}

// withKeys changes the key of each call.
func withKeys(change func(key string) string) *broken {
	return &broken{
		get: func(m *cachetest.Memory, ctx context.Context, key string) ([]byte, error) {
			return m.Get(ctx, change(key))
		},
		set: func(m *cachetest.Memory, ctx context.Context, key string, value []byte, ttl time.Duration) error {
			return m.Set(ctx, change(key), value, ttl)
		},
		setIfAbsent: func(m *cachetest.Memory, ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
			return m.SetIfAbsent(ctx, change(key), value, ttl)
		},
		setIfEqual: func(m *cachetest.Memory, ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
			return m.SetIfEqual(ctx, change(key), old, value, ttl)
		},
		delete: func(m *cachetest.Memory, ctx context.Context, key string) error { return m.Delete(ctx, change(key)) },
	}
}

// withValues changes the values that are stored and compared, and the ttl.
func withValues(change func(value []byte) []byte, life func(ttl time.Duration) time.Duration) *broken {
	return &broken{
		set: func(m *cachetest.Memory, ctx context.Context, key string, value []byte, ttl time.Duration) error {
			return m.Set(ctx, key, change(value), life(ttl))
		},
		setIfAbsent: func(m *cachetest.Memory, ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
			return m.SetIfAbsent(ctx, key, change(value), life(ttl))
		},
		setIfEqual: func(m *cachetest.Memory, ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
			return m.SetIfEqual(ctx, key, change(old), change(value), life(ttl))
		},
	}
}

// equalAs compares the old value after a change of both sides.
func equalAs(change func(value []byte) []byte) *broken {
	return &broken{
		setIfEqual: func(m *cachetest.Memory, ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
			stored, err := m.Get(ctx, key)
			if err == nil && stored != nil && bytes.Equal(change(stored), change(old)) {
				old = stored
			}
			return m.SetIfEqual(ctx, key, old, value, ttl)
		},
	}
}

func asIs[T any](v T) T { return v }

func cutAtNUL(b []byte) []byte {
	head, _, _ := bytes.Cut(b, []byte{0})
	return head
}

// overlap waits until another call has replaced what is stored under key, or for 20ms if none does.
func overlap(ctx context.Context, m *cachetest.Memory, key string, stored []byte) {
	for end := time.Now().Add(20 * time.Millisecond); time.Now().Before(end); time.Sleep(100 * time.Microsecond) {
		if now, err := m.Get(ctx, key); err != nil || !bytes.Equal(now, stored) {
			return
		}
	}
}

// locks has a lock for each key.
type locks struct{ mutexes sync.Map }

func (l *locks) lock(key string) (unlock func()) {
	mu, _ := l.mutexes.LoadOrStore(key, new(sync.Mutex))
	mu.(*sync.Mutex).Lock()
	return mu.(*sync.Mutex).Unlock
}

var errBroken = errors.New("broken")

// brokenCaches has, for each fault, a cache and the check that must fail for it.
var brokenCaches = []struct {
	name  string
	check string
	cache func() *broken
}{
	{"Set stores nothing", "a value that was set is returned", func() *broken {
		return &broken{set: func(*cachetest.Memory, context.Context, string, []byte, time.Duration) error { return nil }}
	}},
	{"Set stores only where nothing is", "a value that was set is returned", func() *broken {
		return &broken{set: func(m *cachetest.Memory, ctx context.Context, key string, value []byte, ttl time.Duration) error {
			_, err := m.SetIfAbsent(ctx, key, value, ttl)
			return err
		}}
	}},
	{"a miss is an error", "a miss is nil without an error", func() *broken {
		return &broken{get: func(m *cachetest.Memory, ctx context.Context, key string) ([]byte, error) {
			value, err := m.Get(ctx, key)
			if err == nil && value == nil {
				err = errBroken
			}
			return value, err
		}}
	}},
	{"a miss is an empty value", "a miss is nil without an error", func() *broken {
		return &broken{get: func(m *cachetest.Memory, ctx context.Context, key string) ([]byte, error) {
			value, err := m.Get(ctx, key)
			return append([]byte{}, value...), err
		}}
	}},
	{"an empty value is a miss", "an empty value is not a miss", func() *broken {
		return &broken{get: func(m *cachetest.Memory, ctx context.Context, key string) ([]byte, error) {
			value, err := m.Get(ctx, key)
			return append([]byte(nil), value...), err
		}}
	}},
	{"nothing equals an empty value", "an empty value is not a miss", func() *broken {
		return &broken{setIfEqual: func(m *cachetest.Memory, ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
			if len(old) == 0 {
				return m.SetIfAbsent(ctx, key, value, ttl)
			}
			return m.SetIfEqual(ctx, key, old, value, ttl)
		}}
	}},
	{"SetIfAbsent stores always", "SetIfAbsent stores over nothing only", func() *broken {
		return &broken{setIfAbsent: func(m *cachetest.Memory, ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
			return true, m.Set(ctx, key, value, ttl)
		}}
	}},
	{"SetIfAbsent reports no refusal", "SetIfAbsent stores over nothing only", func() *broken {
		return &broken{setIfAbsent: func(m *cachetest.Memory, ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
			_, err := m.SetIfAbsent(ctx, key, value, ttl)
			return err == nil, err
		}}
	}},
	{"SetIfAbsent stores over the same value", "SetIfAbsent stores over nothing only", func() *broken {
		return &broken{setIfAbsent: func(m *cachetest.Memory, ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
			if stored, err := m.SetIfEqual(ctx, key, value, value, ttl); stored || err != nil {
				return stored, err
			}
			return m.SetIfAbsent(ctx, key, value, ttl)
		}}
	}},
	{"SetIfEqual stores always", "SetIfEqual stores over the old value only", func() *broken {
		return &broken{setIfEqual: func(m *cachetest.Memory, ctx context.Context, key string, _, value []byte, ttl time.Duration) (bool, error) {
			return true, m.Set(ctx, key, value, ttl)
		}}
	}},
	{"SetIfEqual stores over nothing", "SetIfEqual stores over the old value only", func() *broken {
		return &broken{setIfEqual: func(m *cachetest.Memory, ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
			if stored, err := m.SetIfAbsent(ctx, key, value, ttl); stored || err != nil {
				return stored, err
			}
			return m.SetIfEqual(ctx, key, old, value, ttl)
		}}
	}},
	{"SetIfEqual reports no refusal", "SetIfEqual stores over the old value only", func() *broken {
		return &broken{setIfEqual: func(m *cachetest.Memory, ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
			_, err := m.SetIfEqual(ctx, key, old, value, ttl)
			return err == nil, err
		}}
	}},
	{"SetIfEqual reports a value set to itself as not stored", "SetIfEqual stores over the old value only", func() *broken {
		return &broken{setIfEqual: func(m *cachetest.Memory, ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
			stored, err := m.SetIfEqual(ctx, key, old, value, ttl)
			return stored && !bytes.Equal(old, value), err
		}}
	}},
	{"SetIfEqual ignores case", "SetIfEqual compares bytes", func() *broken { return equalAs(bytes.ToLower) }},
	{"SetIfEqual ignores space", "SetIfEqual compares bytes", func() *broken { return equalAs(bytes.TrimSpace) }},
	{"SetIfEqual compares up to NUL", "SetIfEqual compares bytes", func() *broken { return equalAs(cutAtNUL) }},
	{"SetIfEqual compares UTF-8", "SetIfEqual compares bytes", func() *broken {
		return equalAs(func(b []byte) []byte { return bytes.ToValidUTF8(b, []byte("\uFFFD")) })
	}},
	{"SetIfEqual compares the first kilobyte", "SetIfEqual compares bytes", func() *broken {
		return equalAs(func(b []byte) []byte { return b[:min(len(b), 1000)] })
	}},
	{"Delete removes nothing", "Delete removes one entry", func() *broken {
		return &broken{delete: func(*cachetest.Memory, context.Context, string) error { return nil }}
	}},
	{"Delete of nothing is an error", "Delete removes one entry", func() *broken {
		return &broken{delete: func(m *cachetest.Memory, ctx context.Context, key string) error {
			if value, err := m.Get(ctx, key); err == nil && value == nil {
				return errBroken
			}
			return m.Delete(ctx, key)
		}}
	}},
	{"Delete removes everything", "Delete removes one entry", func() *broken {
		b := new(broken)
		b.delete = func(*cachetest.Memory, context.Context, string) error {
			b.Memory = cachetest.NewMemory()
			return nil
		}
		return b
	}},
	{"keys ignore case", "keys are arbitrary bytes", func() *broken { return withKeys(strings.ToLower) }},
	{"keys ignore space", "keys are arbitrary bytes", func() *broken { return withKeys(strings.TrimSpace) }},
	{"keys end at NUL", "keys are arbitrary bytes", func() *broken {
		return withKeys(func(key string) string { return string(cutAtNUL([]byte(key))) })
	}},
	{"keys are UTF-8", "keys are arbitrary bytes", func() *broken {
		return withKeys(func(key string) string { return strings.ToValidUTF8(key, "\uFFFD") })
	}},
	{"keys have 250 bytes", "keys are arbitrary bytes", func() *broken {
		return withKeys(func(key string) string { return key[:min(len(key), 250)] })
	}},
	{"values are UTF-8", "values are arbitrary bytes", func() *broken {
		return withValues(func(b []byte) []byte { return bytes.ToValidUTF8(b, []byte("\uFFFD")) }, asIs)
	}},
	{"values end at NUL", "values are arbitrary bytes", func() *broken { return withValues(cutAtNUL, asIs) }},
	{"values have 64 KiB", "values may be large", func() *broken {
		return withValues(func(b []byte) []byte { return b[:min(len(b), 1<<16)] }, asIs)
	}},
	{"SetIfEqual compares 64 KiB", "values may be large", func() *broken {
		return equalAs(func(b []byte) []byte { return b[:min(len(b), 1<<16)] })
	}},
	{"Get reuses its buffer", "bytes are not modified or reused", func() *broken {
		var mu sync.Mutex
		buffer := make([]byte, 1<<20)
		return &broken{get: func(m *cachetest.Memory, ctx context.Context, key string) ([]byte, error) {
			mu.Lock()
			defer mu.Unlock()
			value, err := m.Get(ctx, key)
			if value == nil {
				return nil, err
			}
			return buffer[:copy(buffer, value)], err
		}}
	}},
	{"Set modifies the value", "bytes are not modified or reused", func() *broken {
		return &broken{set: func(m *cachetest.Memory, ctx context.Context, key string, value []byte, ttl time.Duration) error {
			err := m.Set(ctx, key, value, ttl)
			clear(value)
			return err
		}}
	}},
	{"SetIfEqual modifies the value", "bytes are not modified or reused", func() *broken {
		return &broken{setIfEqual: func(m *cachetest.Memory, ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
			stored, err := m.SetIfEqual(ctx, key, old, value, ttl)
			clear(value)
			return stored, err
		}}
	}},
	{"entries do not expire", "entries expire in milliseconds", func() *broken {
		return withValues(asIs, func(time.Duration) time.Duration { return time.Hour })
	}},
	{"ttl in seconds, rounded up", "entries expire in milliseconds", func() *broken {
		return withValues(asIs, func(ttl time.Duration) time.Duration { return (ttl + time.Second - 1).Truncate(time.Second) })
	}},
	{"SetIfAbsent has no ttl", "entries expire in milliseconds", func() *broken {
		return &broken{setIfAbsent: func(m *cachetest.Memory, ctx context.Context, key string, value []byte, _ time.Duration) (bool, error) {
			return m.SetIfAbsent(ctx, key, value, time.Hour)
		}}
	}},
	{"SetIfEqual of a value to itself keeps the ttl", "entries expire in milliseconds", func() *broken {
		return &broken{setIfEqual: func(m *cachetest.Memory, ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
			if stored, err := m.Get(ctx, key); err == nil && bytes.Equal(old, value) && bytes.Equal(stored, old) {
				return stored != nil, nil
			}
			return m.SetIfEqual(ctx, key, old, value, ttl)
		}}
	}},
	{"ttl in seconds, rounded down", "entries do not expire early", func() *broken {
		return withValues(asIs, func(ttl time.Duration) time.Duration { return max(ttl.Truncate(time.Second), 1) })
	}},
	{"ttl in microseconds", "entries do not expire early", func() *broken {
		return withValues(asIs, func(ttl time.Duration) time.Duration { return max(ttl/1000, 1) })
	}},
	{"Set keeps a shorter ttl", "a new value brings its own ttl", func() *broken {
		var expiries sync.Map
		return &broken{set: func(m *cachetest.Memory, ctx context.Context, key string, value []byte, ttl time.Duration) error {
			if first, ok := expiries.LoadOrStore(key, time.Now().Add(ttl)); ok {
				ttl = min(ttl, max(1, time.Until(first.(time.Time))))
			}
			return m.Set(ctx, key, value, ttl)
		}}
	}},
	{"a refused SetIfAbsent lengthens the ttl", "a condition that does not hold changes no ttl", func() *broken {
		return &broken{setIfAbsent: func(m *cachetest.Memory, ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
			old, _ := m.Get(ctx, key)
			stored, err := m.SetIfAbsent(ctx, key, value, ttl)
			if !stored && err == nil {
				_, err = m.SetIfEqual(ctx, key, old, old, ttl)
			}
			return stored, err
		}}
	}},
	{"a refused SetIfEqual shortens the ttl", "a condition that does not hold changes no ttl", func() *broken {
		return &broken{setIfEqual: func(m *cachetest.Memory, ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
			now, _ := m.Get(ctx, key)
			stored, err := m.SetIfEqual(ctx, key, old, value, ttl)
			if !stored && err == nil && ttl < time.Second {
				_, err = m.SetIfEqual(ctx, key, now, now, ttl)
			}
			return stored, err
		}}
	}},
	{"only Get knows of expiry", "an expired entry is absent", func() *broken {
		var expiries sync.Map
		return &broken{
			get: func(m *cachetest.Memory, ctx context.Context, key string) ([]byte, error) {
				if expiry, ok := expiries.Load(key); ok && time.Now().After(expiry.(time.Time)) {
					return nil, nil
				}
				return m.Get(ctx, key)
			},
			set: func(m *cachetest.Memory, ctx context.Context, key string, value []byte, ttl time.Duration) error {
				expiries.Store(key, time.Now().Add(ttl))
				return m.Set(ctx, key, value, time.Hour)
			},
		}
	}},
	{"a ttl below a millisecond is an error", "the smallest ttl is accepted", func() *broken {
		return &broken{setIfEqual: func(m *cachetest.Memory, ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
			if ttl < time.Millisecond {
				return false, errBroken
			}
			return m.SetIfEqual(ctx, key, old, value, ttl)
		}}
	}},
	{"a ttl below a millisecond is for ever", "the smallest ttl is accepted", func() *broken {
		return withValues(asIs, func(ttl time.Duration) time.Duration {
			if ttl < time.Millisecond {
				return time.Hour
			}
			return ttl
		})
	}},
	{"SetIfAbsent gets and sets", "one of many SetIfAbsent stores", func() *broken {
		return &broken{setIfAbsent: func(m *cachetest.Memory, ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
			stored, err := m.Get(ctx, key)
			if err != nil || stored != nil {
				return false, err
			}
			overlap(ctx, m, key, stored)
			return true, m.Set(ctx, key, value, ttl)
		}}
	}},
	{"SetIfEqual gets and sets", "one of many SetIfEqual stores", func() *broken {
		return &broken{setIfEqual: func(m *cachetest.Memory, ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
			stored, err := m.Get(ctx, key)
			if err != nil || stored == nil || !bytes.Equal(stored, old) {
				return false, err
			}
			overlap(ctx, m, key, stored)
			return true, m.Set(ctx, key, value, ttl)
		}}
	}},
	{"SetIfAbsent is atomic among its own only", "a condition and Set are atomic", func() *broken {
		var keys locks
		return &broken{setIfAbsent: func(m *cachetest.Memory, ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
			defer keys.lock(key)()
			stored, err := m.Get(ctx, key)
			if err != nil || stored != nil {
				return false, err
			}
			overlap(ctx, m, key, stored)
			return true, m.Set(ctx, key, value, ttl)
		}}
	}},
	{"SetIfEqual is atomic among its own only", "SetIfEqual and Delete are atomic", func() *broken {
		var keys locks
		return &broken{setIfEqual: func(m *cachetest.Memory, ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
			defer keys.lock(key)()
			stored, err := m.Get(ctx, key)
			if err != nil || stored == nil || !bytes.Equal(stored, old) {
				return false, err
			}
			overlap(ctx, m, key, stored)
			return true, m.Set(ctx, key, value, ttl)
		}}
	}},
	{"an ended context is ignored", "a call whose context has ended is an error", func() *broken {
		return &broken{delete: func(m *cachetest.Memory, ctx context.Context, key string) error {
			return m.Delete(context.WithoutCancel(ctx), key)
		}}
	}},
	{"a miss takes the place of the context's error", "a call whose context has ended is an error", func() *broken {
		return &broken{get: func(m *cachetest.Memory, ctx context.Context, key string) ([]byte, error) {
			value, err := m.Get(ctx, key)
			if ctx.Err() != nil {
				return nil, nil
			}
			return value, err
		}}
	}},
	{"a call whose context has ended hangs", "a call whose context has ended is an error", func() *broken {
		return &broken{setIfAbsent: func(m *cachetest.Memory, ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
			if ctx.Err() != nil {
				select {}
			}
			return m.SetIfAbsent(ctx, key, value, ttl)
		}}
	}},
	{"the answer to a canceled call is the next call's", "canceled calls disturb no others", func() *broken {
		answers := make(chan []byte, 1)
		return &broken{get: func(m *cachetest.Memory, ctx context.Context, key string) ([]byte, error) {
			value, err := m.Get(context.WithoutCancel(ctx), key)
			select {
			case late := <-answers:
				return late, err
			default:
			}
			if _, ok := ctx.Deadline(); !ok && strings.HasSuffix(key, "/key") {
				select {
				case answers <- value:
				default:
				}
				return nil, context.Canceled
			}
			return value, err
		}}
	}},
}
