package readaside_test

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/readaside"
	"github.com/warmclient/warmclient/readaside/cachetest"
)

// protocol is a way to read and to write users.
type protocol struct {
	name  string
	read  func(ctx context.Context, id string) (accounts.User, error)
	write func(ctx context.Context, id string) error
}

// BenchmarkProtocol compares what hits, misses and writes cost with leases and fences, and without
// them. The table takes no time. On the cache in memory it shows the protocol's own allocations.
func BenchmarkProtocol(b *testing.B) {
	_, loopback := connect(b)
	for name, cache := range map[string]readaside.Cache{"cache=loopback": loopback, "cache=memory": cachetest.NewMemory()} {
		c := &counting{Cache: cache}
		for _, p := range protocols(b, c) {
			ctx, cancel := context.WithTimeout(b.Context(), time.Hour) // a request has a deadline
			defer cancel()
			if p.read != nil {
				c.measure(b, "Hit/"+p.name+"/"+name, func(string) error { return check(p.read(ctx, "ann")) })
				c.measure(b, "Miss/"+p.name+"/"+name, func(id string) error { return check(p.read(ctx, id)) })
			}
			c.measure(b, "Write/"+p.name+"/"+name, func(id string) error { return p.write(ctx, id) })
		}
	}
}

func check(u accounts.User, err error) error {
	if err == nil && u != user {
		return errors.New("read another user")
	}
	return err
}

// counting counts the calls of a cache.
type counting struct {
	readaside.Cache
	calls, ids atomic.Int64
}

// measure calls with another name each time.
func (c *counting) measure(b *testing.B, name string, call func(id string) error) {
	b.Run(name, func(b *testing.B) {
		require.NoError(b, call("ann"))
		c.calls.Store(0)
		b.ReportAllocs()
		for b.Loop() {
			if err := call(strconv.FormatInt(c.ids.Add(1), 36)); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(c.calls.Load())/float64(b.N), "calls/op")
	})
}

func (c *counting) Get(ctx context.Context, key string) ([]byte, error) {
	c.calls.Add(1)
	return c.Cache.Get(ctx, key)
}

func (c *counting) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	c.calls.Add(1)
	return c.Cache.Set(ctx, key, value, ttl)
}

func (c *counting) SetIfAbsent(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	c.calls.Add(1)
	return c.Cache.SetIfAbsent(ctx, key, value, ttl)
}

func (c *counting) SetIfEqual(ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
	c.calls.Add(1)
	return c.Cache.SetIfEqual(ctx, key, old, value, ttl)
}

func (c *counting) Delete(ctx context.Context, key string) error {
	c.calls.Add(1)
	return c.Cache.Delete(ctx, key)
}

var user = accounts.User{Username: "ann", FirstName: "Ann-Sophie", LastName: "Lee-Winter"}

func protocols(b *testing.B, cache readaside.Cache) []protocol {
	store, err := readaside.NewStore(readaside.Options{Cache: cache, Prefix: "bench", CacheTimeout: time.Second})
	require.NoError(b, err)
	load := func(context.Context, string) (accounts.User, bool, error) { return user, true, nil }
	ours := func(e readaside.Entity[string, accounts.User]) (*readaside.Reader[string, accounts.User], protocol) {
		e.Load = load
		r, err := readaside.NewReader(store, e)
		require.NoError(b, err)
		return r, protocol{
			name: e.Name,
			read: func(ctx context.Context, id string) (accounts.User, error) {
				u, _, err := r.Get(ctx, id)
				return u, err
			},
			write: func(ctx context.Context, id string) error { return store.Write(ctx, nothing, r.ChangedTo(id, user)) },
		}
	}
	reader, withJSON := ours(readaside.Entity[string, accounts.User]{Name: "JSON"})
	_, withCodec := ours(readaside.Entity[string, accounts.User]{
		Name: "Codec",
		Encode: func(u accounts.User) ([]byte, error) {
			return []byte(u.Username + "\x00" + u.FirstName + "\x00" + u.LastName), nil
		},
		Decode: func(b []byte) (u accounts.User, err error) {
			var rest string
			u.Username, rest, _ = strings.Cut(string(b), "\x00")
			u.FirstName, u.LastName, _ = strings.Cut(rest, "\x00")
			return u, nil
		},
	})
	return []protocol{plain(cache), withJSON, withCodec, {
		name:  "Changed",
		write: func(ctx context.Context, id string) error { return store.Write(ctx, nothing, reader.Changed(id)) },
	}}
}

func nothing(context.Context) error { return nil }

// plain is read-aside as it is usually written, with a delete after the write.
func plain(cache readaside.Cache) protocol {
	return protocol{
		"Plain",
		func(ctx context.Context, id string) (u accounts.User, err error) {
			if b, err := cache.Get(ctx, id); err == nil && b != nil {
				return u, json.Unmarshal(b, &u)
			}
			b, err := json.Marshal(user)
			if err != nil {
				return u, err
			}
			return user, cache.Set(ctx, id, b, time.Hour)
		},
		func(ctx context.Context, id string) error { return cache.Delete(ctx, id) },
	}
}
