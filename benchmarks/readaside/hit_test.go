package readaside_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/benchmarks/readaside"
)

// BenchmarkHit reads a user whom the cache in memory holds. Raw and RawRedis are
// the cache itself, to be taken off: RawRedis is what go-redis/cache reads from.
func BenchmarkHit(b *testing.B) {
	ctx, cancel := context.WithTimeout(b.Context(), time.Hour) // a request has a deadline
	defer cancel()
	for _, h := range readaside.Hits() {
		b.Run(h.Name, func(b *testing.B) {
			hit, loads, err := h.New(ctx)
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				if err := hit(ctx); err != nil {
					b.Fatal(err)
				}
			}
			// A busy machine can make a hit too late to be used.
			b.ReportMetric(float64(loads())/float64(b.N), "loads/op")
		})
	}
}
