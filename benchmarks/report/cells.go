package main

import (
	"fmt"
	"math"

	"github.com/warmclient/warmclient/benchmarks/internal/gobench"
	"github.com/warmclient/warmclient/benchmarks/internal/pictures"
	"github.com/warmclient/warmclient/benchmarks/internal/stats"
	"github.com/warmclient/warmclient/benchmarks/internal/table"
)

// of sums up one benchmark: see gobench.Numbers.
func (r *results) of(name string, procs int, unit string) stats.Summary {
	return stats.Of(gobench.Numbers(r.Benchmarks, name, procs, unit))
}

// cell returns a time with its spread, in nanoseconds, and as a multiple of base.
func cell(s, base stats.Summary) string {
	if s.N == 0 {
		return table.None
	}
	return table.Spread(s) + " " + table.Ratio(s, base)
}

// count returns a number that hardly ever varies.
func count(s stats.Summary) string {
	switch {
	case s.N == 0:
		return table.None
	case s.Median < 10 && s.Median != math.Trunc(s.Median):
		return fmt.Sprintf("%.1f", s.Median)
	default:
		return fmt.Sprintf("%.0f", s.Median)
	}
}

func rangeOf(s stats.Summary) pictures.Range {
	return pictures.Range{Least: s.Least, Median: s.Median, Most: s.Most}
}
