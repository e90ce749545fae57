package table_test

import (
	"fmt"

	"github.com/warmclient/warmclient/benchmarks/internal/table"
)

func ExampleTable() {
	t := table.Table{
		Title:   "Reads",
		Columns: []string{"", "time"},
		Rows:    [][]string{{"ours", "1 ns"}, {"a mutex", "20 ns"}},
		Note:    "Median of six runs.",
	}
	fmt.Println(t)
	fmt.Print(t.Markdown())
	// Output:
	// Reads
	//
	//            time
	//   -------  -----
	//   ours     1 ns
	//   a mutex  20 ns
	//
	// Median of six runs.
	//
	// ## Reads
	//
	// |         | time  |
	// | ------- | ----- |
	// | ours    | 1 ns  |
	// | a mutex | 20 ns |
	//
	// Median of six runs.
}
