// Package stats sums up repeated measurements.
package stats

import (
	"math"
	"slices"
)

// Summary is what is told of a number of measurements. With none, all is NaN.
type Summary struct {
	N                        int
	Least, Median, P95, Most float64
}

// Of sums up values, which it leaves as they are.
func Of[T ~int64 | ~float64](values []T) Summary {
	sorted := make([]float64, len(values))
	for i, v := range values {
		sorted[i] = float64(v)
	}
	slices.Sort(sorted)
	return Summary{
		N:      len(sorted),
		Least:  Quantile(sorted, 0),
		Median: Quantile(sorted, 0.5),
		P95:    Quantile(sorted, 0.95),
		Most:   Quantile(sorted, 1),
	}
}

// Quantile returns the value that the share q, from 0 to 1, of sorted does not
// exceed. Between two values it interpolates.
func Quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := q * float64(len(sorted)-1)
	low, part := math.Modf(at)
	i := int(low)
	if part == 0 {
		return sorted[i]
	}
	return sorted[i] + part*(sorted[i+1]-sorted[i])
}
