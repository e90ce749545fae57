package table_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/warmclient/warmclient/benchmarks/internal/table"
)

func ExampleTable() {
	fmt.Print(table.Table{
		Title:   "Reads",
		Columns: []string{"", "time"},
		Rows:    [][]string{{"ours", "1 \u00b5s"}, {"a mutex", "20 ns"}},
		Note:    "Median of six runs.",
	})
	// Output:
	// ## Reads
	//
	// |         | time  |
	// | ---     | ---   |
	// | ours    | 1 µs  |
	// | a mutex | 20 ns |
	//
	// Median of six runs.
}

func TestASpreadIsInTheUnitOfItsMedian(t *testing.T) {
	for want, values := range map[string][]float64{
		"2.1 ns (2.0-2.4)":        {2.4, 2, 2.1},
		"200 ns (180-12000)":      {180, 200, 12000},
		"12.3 \u00b5s (9.0-13.0)": {9000, 12345, 13000},
		"700 \u00b5s (700-700)":   {700e3},
		"149 ms (145-2000)":       {145e6, 149e6, 2e9},
		"1.0 ms (1.0-1.0)":        {999.9e3},
		table.None:                nil,
	} {
		assert.Equal(t, want, table.Of(values).Spread())
	}
	assert.InDelta(t, 38, table.Of([]float64{40, 0, 10, 20, 30}).P95, 1e-9)
}

func TestARatioHasAsManyDigitsAsItDeserves(t *testing.T) {
	base := table.Of([]float64{100})
	for want, value := range map[string]float64{
		"1.00x": 100, "1.24x": 124, "0.51x": 51, "0.0064x": 0.64, "42x": 4212, "10x": 999.9, "9.98x": 998,
	} {
		assert.Equal(t, want, table.Of([]float64{value}).Ratio(base))
	}
	assert.Equal(t, table.None, base.Ratio(table.Of[float64](nil)))
	assert.Equal(t, table.None, base.Ratio(table.Of([]float64{0})))
}
