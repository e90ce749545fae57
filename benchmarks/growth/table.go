package growth

import (
	"fmt"
	"slices"
	"time"

	"github.com/warmclient/warmclient/benchmarks/internal/table"
)

// Table returns a table with a row for each number of clients. The loads must be sorted by that
// number.
func Table(loads []Load) table.Table {
	t := table.Table{
		Title:   "Growth: the local service on its hit path",
		Columns: []string{"clients", "requests per second", "to one client", "half of them within", "99% of them within", "from the cache", "memory"},
	}
	runs := 0
	for runs < len(loads) && loads[runs].Clients == loads[0].Clients {
		runs++
	}
	if runs == 0 {
		return t
	}
	var base table.Summary
	for group := range slices.Chunk(loads, runs) {
		var rates, memory []float64
		var p50, p99 []time.Duration
		requests, hits := 0, 0
		for _, l := range group {
			rates, memory = append(rates, l.PerSecond()), append(memory, float64(l.Resident)/(1<<20))
			p50, p99 = append(p50, l.P50), append(p99, l.P99)
			requests, hits = requests+l.Requests, hits+l.Hits
		}
		rate, resident := table.Of(rates), table.Of(memory)
		if base.N == 0 {
			base = rate
		}
		t.Rows = append(t.Rows, []string{
			fmt.Sprint(group[0].Clients), rate.Numbers(), rate.Ratio(base), table.Of(p50).Spread(), table.Of(p99).Spread(),
			fmt.Sprintf("%.1f%%", 100*float64(hits)/float64(requests)),
			fmt.Sprintf("%.0f MiB (%.0f-%.0f)", resident.Median, resident.Least, resident.Most),
		})
	}
	t.Note = fmt.Sprintf("GET /users/ann over HTTP, of a user whom Momento on loopback holds (an answer that takes it more than 50 ms is not "+
		"waited for, and the table is read instead); each client asks again as soon as it has an answer. Median "+
		"(least to most) of %d runs of %.1f s, the numbers of clients by turns, on one process, which also holds the three servers; it shares the "+
		"processors with the clients. Memory is what the process has in RAM after a run, on Linux.", runs, loads[0].Took.Seconds())
	return t
}
