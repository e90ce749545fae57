package momentocache_test

import (
	"testing"
	"time"

	"github.com/momentohq/client-sdk-go/momento"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/readaside/momentocache"
)

// BenchmarkHit compares a hit through Cache with the SDK's own call on the same client, over
// loopback.
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

func TestASuccessfulCallAllocatesOnlyItsRequest(t *testing.T) {
	answer := answers
	holder, _ := holderOf(t, &answer)
	client, err := holder.Get(t.Context())
	require.NoError(t, err)
	c := &momentocache.Cache{Client: holder, Name: "accounts"}
	ctx, key := t.Context(), string([]byte("k"))
	bare := testing.AllocsPerRun(1000, func() {
		_, _ = client.Get(ctx, &momento.GetRequest{CacheName: "accounts", Key: momento.String(key)})
	})
	require.Equal(t, bare, testing.AllocsPerRun(1000, func() { _, _ = c.Get(ctx, key) }))
}
