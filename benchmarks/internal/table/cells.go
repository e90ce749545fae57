package table

import (
	"fmt"
	"math"

	"github.com/warmclient/warmclient/benchmarks/internal/stats"
)

// None stands where nothing was measured.
const None = "-"

// Spread returns a time in nanoseconds, in the unit of its median and with the
// least and the most: "2.1 ns (2.0-2.4)".
func Spread(s stats.Summary) string {
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

// Ratio returns how many times as long as the median of base that of s is: "1.24x".
func Ratio(s, base stats.Summary) string {
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
