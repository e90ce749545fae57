package table

import (
	"fmt"
	"math"
	"slices"
)

// None is the text of a cell without a measurement.
const None = "-"

// Summary summarizes measurements. Without measurements, N is 0 and the other fields are NaN.
type Summary struct {
	N                        int
	Least, Median, P95, Most float64
}

// Of summarizes values. It does not modify them.
func Of[T ~int | ~int64 | ~float64](values []T) Summary {
	sorted := make([]float64, len(values))
	for i, v := range values {
		sorted[i] = float64(v)
	}
	slices.Sort(sorted)
	return Summary{len(sorted), Quantile(sorted, 0), Quantile(sorted, 0.5), Quantile(sorted, 0.95), Quantile(sorted, 1)}
}

// Quantile returns the q-quantile of sorted, for q from 0 to 1. It interpolates between two values.
func Quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	low, part := math.Modf(q * float64(len(sorted)-1))
	i := int(low)
	if part == 0 {
		return sorted[i]
	}
	return sorted[i] + part*(sorted[i+1]-sorted[i])
}

// Spread formats times in nanoseconds as the median, its unit, the minimum and the maximum: "2.1 ns
// (2.0-2.4)".
func (s Summary) Spread() string {
	if s.N == 0 {
		return None
	}
	size, unit := 1.0, "ns"
	switch {
	case s.Median >= 999.5e3:
		size, unit = 1e6, "ms"
	case s.Median >= 9999.5:
		size, unit = 1e3, "\u00b5s"
	}
	precision := 0
	if s.Median/size < 99.5 {
		precision = 1
	}
	return fmt.Sprintf("%.*f %s (%.*f-%.*f)", precision, s.Median/size, unit, precision, s.Least/size, precision, s.Most/size)
}

// Beside returns Spread and, as a multiple of base, Ratio.
func (s Summary) Beside(base Summary) string {
	if s.N == 0 {
		return None
	}
	return s.Spread() + " " + s.Ratio(base)
}

// Ratio returns the median of s as a multiple of the median of base: "1.24x".
func (s Summary) Ratio(base Summary) string {
	x := s.Median / base.Median
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return None
	case x >= 9.995:
		return fmt.Sprintf("%.0fx", x)
	case x >= 0.0995:
		return fmt.Sprintf("%.2fx", x)
	default:
		return fmt.Sprintf("%.2gx", x)
	}
}

// Count returns the median of a number that hardly varies. It has one decimal if it is below ten
// and not whole.
func (s Summary) Count() string {
	switch {
	case s.N == 0:
		return None
	case s.Median < 10 && s.Median != math.Trunc(s.Median):
		return fmt.Sprintf("%.1f", s.Median)
	default:
		return fmt.Sprintf("%.0f", s.Median)
	}
}

// Numbers returns the median with the minimum and the maximum, without fractions: "30 (28-30)".
func (s Summary) Numbers() string { return fmt.Sprintf("%.0f (%.0f-%.0f)", s.Median, s.Least, s.Most) }

// Plural returns a number of things: "1 open", "10 opens".
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
