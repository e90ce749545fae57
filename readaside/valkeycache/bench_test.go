package valkeycache_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/valkey-io/valkey-go"

	"github.com/warmclient/warmclient/readaside/valkeycache"
)

// BenchmarkHit compares a hit through Cache with a GET on a client with the same options, and with
// one that does not pipeline a call that runs alone, over loopback on a real server.
func BenchmarkHit(b *testing.B) {
	addr := startServer(b)
	same, err := valkey.NewClient(valkeycache.Options(valkeycache.Opener{Address: addr}))
	require.NoError(b, err)
	defer same.Close()
	option := valkeycache.Options(valkeycache.Opener{Address: addr})
	option.AlwaysPipelining = false
	waiting, err := valkey.NewClient(option)
	require.NoError(b, err)
	defer waiting.Close()
	c, _ := cacheOf(b, valkeycache.Opener{Address: addr})
	require.NoError(b, c.Set(b.Context(), "k", make([]byte, 200), time.Hour))

	for name, client := range map[string]valkey.Client{"GET": same, "GET-without-AlwaysPipelining": waiting} {
		b.Run(name, func(b *testing.B) {
			ctx, cancel := withinMinute(b)
			defer cancel()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := client.Do(ctx, client.B().Get().Key("k").Build()).AsBytes(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("cache", func(b *testing.B) {
		ctx, cancel := withinMinute(b)
		defer cancel()
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.Get(ctx, "k"); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// withinMinute returns a context with a deadline, as a Store gives each call.
func withinMinute(b *testing.B) (context.Context, context.CancelFunc) {
	return context.WithTimeout(b.Context(), time.Minute)
}
