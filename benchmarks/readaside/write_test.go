package readaside_test

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
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
	server, _, loopback := connect(b)
	ctx, cancel := context.WithTimeout(b.Context(), time.Hour) // a request has a deadline
	defer cancel()
	for name, cache := range map[string]readaside.Cache{"cache=loopback": loopback, "cache=memory": cachetest.NewMemory()} {
		ids := int64(0)
		measure := func(what string, call func(id string) error) {
			b.Run(what+"/"+name, func(b *testing.B) {
				require.NoError(b, call("Ann"))
				before := server.Requests("")
				b.ReportAllocs()
				for b.Loop() {
					ids++
					if err := call(strconv.FormatInt(ids, 36)); err != nil { // another one each time
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(server.Requests("")-before)/float64(b.N), "calls/op")
			})
		}
		for _, p := range protocols(b, cache) {
			if p.read != nil {
				measure("Hit/"+p.name, func(string) error { return check(p.read(ctx, "Ann")) })
				measure("Miss/"+p.name, func(id string) error { return check(p.read(ctx, id)) })
			}
			measure("Write/"+p.name, func(id string) error { return p.write(ctx, id) })
		}
	}
}

func check(u accounts.User, err error) error {
	if err == nil && u != user {
		return errors.New("read another user")
	}
	return err
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
