package growth

import (
	"fmt"
	"time"

	"github.com/warmclient/warmclient/benchmarks/internal/table"
)

// Table shows loads, a row for each number of clients, which they are sorted by.
func Table(loads []Load) table.Table {
	t := table.Table{
		Title:   "Growth: the local service on its hit path",
		Columns: []string{"clients", "requests per second", "to one client", "half of them within", "99% of them within", "from the cache", "memory"},
	}
	var base table.Summary
	var took time.Duration
	runs := 0
	for _, group := range ByClients(loads) {
		rate := table.Of(each(group, Load.PerSecond))
		if base.N == 0 {
			base = rate
		}
		took, runs = group[0].Took, len(group)
		t.Rows = append(t.Rows, []string{
			fmt.Sprint(group[0].Clients),
			fmt.Sprintf("%.0f (%.0f-%.0f)", rate.Median, rate.Least, rate.Most),
			rate.Ratio(base),
			table.Of(each(group, func(l Load) time.Duration { return l.P50 })).Spread(),
			table.Of(each(group, func(l Load) time.Duration { return l.P99 })).Spread(),
			fromCache(group),
			memory(each(group, func(l Load) float64 { return float64(l.Resident) })),
		})
	}
	t.Note = fmt.Sprintf("GET /users/ann over HTTP, of a user whom Momento on loopback holds (an answer that takes it more than 50 ms is not "+
		"waited for, and the table is read instead); each client asks again as soon as it has an answer. Median "+
		"(least to most) of %d runs of %.1f s, the numbers of clients by turns, on one process, which also holds the three servers; it shares the "+
		"processors with the clients. Memory is what the process has in RAM after a run.", runs, took.Seconds())
	return t
}

// ByClients groups loads that are sorted by their clients.
func ByClients(loads []Load) (groups [][]Load) {
	for i, l := range loads {
		if i == 0 || loads[i-1].Clients != l.Clients {
			groups = append(groups, nil)
		}
		last := &groups[len(groups)-1]
		*last = append(*last, l)
	}
	return groups
}

func each[T any](loads []Load, of func(Load) T) []T {
	var all []T
	for _, l := range loads {
		all = append(all, of(l))
	}
	return all
}

func fromCache(group []Load) string {
	requests, hits := 0, 0
	for _, l := range group {
		requests, hits = requests+l.Requests, hits+l.Hits
	}
	return fmt.Sprintf("%.1f%%", 100*float64(hits)/float64(requests))
}

func memory(values []float64) string {
	s := table.Of(values)
	if s.Least == 0 {
		return "unknown"
	}
	return fmt.Sprintf("%.0f MiB (%.0f-%.0f)", s.Median/(1<<20), s.Least/(1<<20), s.Most/(1<<20))
}
