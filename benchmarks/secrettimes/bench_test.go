package secrettimes_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/benchmarks/secrettimes"
)

// BenchmarkCachedRead reads a secret that has been read before, on as many goroutines as there are
// processors.
func BenchmarkCachedRead(b *testing.B) {
	endpoint, stop, err := secrettimes.Serve()
	require.NoError(b, err)
	defer stop()
	for _, c := range []struct {
		name string
		new  func(endpoint string) secrettimes.Read
	}{
		{"CachingV1", secrettimes.CachingV1},
		{"CachingV2", secrettimes.CachingV2},
		{"Holder", secrettimes.Held},
	} {
		read := c.new(endpoint)
		_, err := read(b.Context())
		require.NoError(b, err)
		b.Run(c.name, func(b *testing.B) {
			ctx := b.Context()
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := read(ctx); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
