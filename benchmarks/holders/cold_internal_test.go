package holders

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkColdStampede lets 64 callers ask for a value that takes a millisecond to open. The
// allocations include those of the 64 goroutines.
func BenchmarkColdStampede(b *testing.B) {
	storm(b, 64, nil, func(context.Context) (int, error) {
		time.Sleep(time.Millisecond)
		return 1, nil
	})
}

// BenchmarkFailureStorm lets ten callers ask for a value whose open fails after 50 ms.
func BenchmarkFailureStorm(b *testing.B) { storm(b, 10, nil, fail) }

// BenchmarkFailureCrowd is BenchmarkFailureStorm with 10,000 callers, but for the holders that
// would let one caller after the other open: that takes minutes.
func BenchmarkFailureCrowd(b *testing.B) { storm(b, 10_000, []string{"Synctrack", "SamberDo"}, fail) }

func fail(context.Context) (int, error) {
	time.Sleep(50 * time.Millisecond)
	return 0, errors.New("no route to host")
}

func storm(b *testing.B, callers int, without []string, o open) {
	ctx := b.Context()
	for _, c := range contenders() {
		if slices.Contains(without, c.bench) {
			continue
		}
		b.Run(c.bench, func(b *testing.B) {
			b.ReportAllocs()
			var opens atomic.Int64
			for b.Loop() {
				s := c.share(func(ctx context.Context) (int, error) {
					opens.Add(1)
					return o(ctx)
				})
				var wg sync.WaitGroup
				for range callers {
					wg.Go(func() { _, _ = s.get(ctx) })
				}
				wg.Wait()
			}
			b.ReportMetric(float64(opens.Load())/float64(b.N), "opens/op")
		})
	}
}
