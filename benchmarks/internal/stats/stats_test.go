package stats_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/warmclient/warmclient/benchmarks/internal/stats"
)

func TestQuantilesInterpolateBetweenValues(t *testing.T) {
	for _, c := range []struct {
		sorted []float64
		q      float64
		want   float64
	}{
		{[]float64{7}, 0, 7},
		{[]float64{7}, 0.95, 7},
		{[]float64{1, 3}, 0.5, 2},
		{[]float64{1, 2, 3}, 0.5, 2},
		{[]float64{0, 10, 20, 30, 40}, 0.95, 38},
		{[]float64{0, 10, 20, 30, 40}, 1, 40},
	} {
		assert.InDelta(t, c.want, stats.Quantile(c.sorted, c.q), 1e-9, "%v of %v", c.q, c.sorted)
	}
	assert.True(t, math.IsNaN(stats.Quantile(nil, 0.5)))
}

func TestASummarySortsACopy(t *testing.T) {
	values := []time.Duration{30, 10, 20}
	got := stats.Of(values)
	assert.Equal(t, stats.Summary{N: 3, Least: 10, Median: 20, P95: 29, Most: 30}, got)
	assert.Equal(t, []time.Duration{30, 10, 20}, values)
}
