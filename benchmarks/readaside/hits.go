package readaside

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/warmclient/warmclient/accounts"
)

// Hit is a way to read a user whom the cache holds.
type Hit struct {
	Name string
	// New fills a cache and returns the read, and how many loads there were
	// since.
	New func(ctx context.Context) (hit func(context.Context) error, loads func() int64, err error)
}

// inline is ours on a cache that returns when its context is done, and is called inline.
const inline = Ours + ", inline"

// Hits returns the cache itself, with and without what go-redis/cache needs
// around it, and all contenders.
func Hits() []Hit {
	raw := func(get func(m *memory, ctx context.Context) error) func(context.Context) (func(context.Context) error, func() int64, error) {
		return func(ctx context.Context) (func(context.Context) error, func() int64, error) {
			m := new(memory)
			err := m.Set(ctx, "user/ann", []byte(`{"username":"ann","firstName":"Ann-Sophie","lastName":"Lee-Winter"}`), ttl)
			return func(ctx context.Context) error { return get(m, ctx) }, func() int64 { return 0 }, err
		}
	}
	hits := []Hit{
		{"Raw", raw(func(m *memory, ctx context.Context) error {
			_, err := m.Get(ctx, "user/ann")
			return err
		})},
		{"RawRedis", raw(func(m *memory, ctx context.Context) error {
			_, err := redisMemory{m}.Get(ctx, "user/ann").Bytes()
			return err
		})},
	}
	names := map[string]string{
		"plain read-aside": "Plain", "go-redis/cache Once": "RedisCacheOnce", "sturdyc, remote tier": "Sturdyc", Ours: "ServiceDetached",
		inline: "Service",
	}
	for _, c := range append(contenders(), contender{inline, newService}) {
		hits = append(hits, Hit{names[c.name], func(ctx context.Context) (func(context.Context) error, func() int64, error) {
			return warm(ctx, c)
		}})
	}
	return hits
}

func warm(ctx context.Context, c contender) (func(context.Context) error, func() int64, error) {
	var loads atomic.Int64
	get, err := c.new(new(memory), func(_ context.Context, username string) (accounts.User, error) {
		loads.Add(1)
		return userOf(username), nil
	})
	if err != nil {
		return nil, nil, err
	}
	if _, err := get(ctx, "ann"); err != nil {
		return nil, nil, err
	}
	time.Sleep(join) // some fill in the background
	loads.Store(0)
	return func(ctx context.Context) error {
		u, err := get(ctx, "ann")
		if err == nil && u.Username != "ann" {
			err = fmt.Errorf("readaside: read %q", u.Username)
		}
		return err
	}, loads.Load, nil
}
