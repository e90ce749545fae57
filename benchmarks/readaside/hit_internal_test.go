package readaside

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/accounts"
)

// BenchmarkHit reads a user whom the cache in memory holds. Raw and RawRedis are the cache itself,
// as it is and as go-redis/cache calls it. Service has a cache that returns when its context is
// done, and is called inline.
func BenchmarkHit(b *testing.B) {
	ctx, cancel := context.WithTimeout(b.Context(), time.Hour) // a request has a deadline
	defer cancel()
	m := new(memory)
	require.NoError(b, m.Set(ctx, "user/ann", []byte(`{"username":"ann","firstName":"Ann-Sophie","lastName":"Lee-Winter"}`), ttl))
	b.Run("Raw", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = m.Get(ctx, "user/ann")
		}
	})
	b.Run("RawRedis", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = redisMemory{memory: m}.Get(ctx, "user/ann").Bytes()
		}
	})
	for _, c := range []contender{
		{"Plain", newPlain}, {"RedisCacheOnce", newRedisCache}, {"Sturdyc", newSturdyc}, {"Service", newService}, {"ServiceDetached", newDetached},
	} {
		b.Run(c.name, func(b *testing.B) {
			loads := 0 // one at a time
			get, err := c.new(new(memory), func(_ context.Context, username string) (accounts.User, error) {
				loads++
				return userOf(username), nil
			})
			require.NoError(b, err)
			_, err = get(ctx, "ann")
			require.NoError(b, err)
			time.Sleep(join) // some fill in the background
			b.ReportAllocs()
			for b.Loop() {
				if u, err := get(ctx, "ann"); err != nil || u.Username != "ann" {
					b.Fatal(u, err)
				}
			}
			// A busy machine can make a hit too late to be used.
			b.ReportMetric(float64(loads-1)/float64(b.N), "loads/op")
		})
	}
}
