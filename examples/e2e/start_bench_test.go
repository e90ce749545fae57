package e2e_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/internal/emulator"
)

// BenchmarkStart measures the function getuser beside the same one wired with LoadDefaultConfig and
// a sequential set-up (package sequential), in turns, from the start of the process. Reported are
// medians in milliseconds: of the Init phase, which ends with the first poll, of the first request
// after that, and the ratio of the two Init phases.
//
// With the delays of a network, the warm-up takes what its longest leg takes: 60 ms for the secret
// and 40 ms for Momento, beside which DynamoDB's 30 ms do not show. The sequential set-up takes the
// sum.
func BenchmarkStart(b *testing.B) {
	b.Run("services at once", func(b *testing.B) { benchmarkStart(b, func(*services) {}) })
	b.Run("services over a network", func(b *testing.B) {
		benchmarkStart(b, func(s *services) {
			s.SecretsManager.Inject(emulator.Fault{Delay: 60 * time.Millisecond, Times: 1})
			s.Momento.Inject(emulator.Fault{Delay: 40 * time.Millisecond, Times: 1})
			s.DynamoDB.Inject(emulator.Fault{Delay: 30 * time.Millisecond, Times: 1})
		})
	})
}

func benchmarkStart(b *testing.B, slow func(*services)) {
	s := startServices(b)
	s.put(b, "ada")
	var warm, sequential starts
	for b.Loop() {
		slow(s)
		warm.add(s.measure(b, "getuser"))
		slow(s)
		sequential.add(s.measure(b, "e2e/sequential"))
	}
	b.ReportMetric(0, "ns/op") // of both together: it says nothing
	b.ReportMetric(median(warm.init), "init-ms")
	b.ReportMetric(median(sequential.init), "init-sequential-ms")
	b.ReportMetric(median(warm.init)/median(sequential.init), "init-ratio")
	b.ReportMetric(median(warm.first), "first-ms")
	b.ReportMetric(median(sequential.first), "first-sequential-ms")
}

type starts struct{ init, first []float64 } // in milliseconds

func (s *starts) add(init, first time.Duration) {
	s.init = append(s.init, float64(init)/float64(time.Millisecond))
	s.first = append(s.first, float64(first)/float64(time.Millisecond))
}

func (s *services) measure(b *testing.B, program string) (init, first time.Duration) {
	path := binary(b, program)
	in := httpAPI.invocation(b, getUser("ada"))
	start := time.Now()
	f := s.startBinary(b, path)
	require.NoError(b, f.Ready(b.Context()))
	init = time.Since(start)
	start = time.Now()
	res, err := f.invoke(b.Context(), in)
	first = time.Since(start)
	require.NoError(b, err)
	require.Equal(b, http.StatusOK, res.Status)
	require.NoError(b, f.Close())
	return init, first
}

func median(values []float64) float64 {
	slices.Sort(values)
	if n := len(values); n%2 == 0 {
		return (values[n/2-1] + values[n/2]) / 2
	}
	return values[len(values)/2]
}
