package momentocache_test

import (
	"testing"
	"time"

	"github.com/momentohq/client-sdk-go/momento"
	"github.com/stretchr/testify/require"
)

// BenchmarkHit compares a hit through Cache with the SDK's own call on the same
// client, over loopback.
func BenchmarkHit(b *testing.B) {
	s := newServer(b)
	c, _ := newCache(b, s)
	require.NoError(b, c.Set(b.Context(), "k", make([]byte, 200), time.Hour))
	client, err := c.Client.Get(b.Context())
	require.NoError(b, err)

	b.Run("sdk", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := client.Get(b.Context(), &momento.GetRequest{CacheName: "accounts", Key: momento.String("k")}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("cache", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.Get(b.Context(), "k"); err != nil {
				b.Fatal(err)
			}
		}
	})
}
