package fleet

import (
	"fmt"
	"slices"
	"time"

	"github.com/warmclient/warmclient/benchmarks/internal/pictures"
	"github.com/warmclient/warmclient/benchmarks/internal/table"
)

// Sizes are the fleets of a full report.
func Sizes() []int { return []int{10, 100, 1000} }

// Table returns a table with a row for each fleet and protocol.
func Table(results []Result) table.Table {
	t := table.Table{
		Title: "Read-aside: a fleet",
		Columns: []string{
			"processes", "protocol", "reads", "writes", "failed", "stale reads", "per million", "oldest", "loads per read",
			"most loads of a key in 1 s", "read 50%", "99%", "write 50%", "99%", "cache calls per read", "per write",
		},
		Note: fmt.Sprintf("A simulation in virtual time, with the real code of readaside in each process; one run each. %d keys, Zipf "+
			"distributed (s = %v), %v requests per second and process, %.0f%% of them updates. A call of the cache takes %v, one of the table %v "+
			"(medians, log-normal); one in %.0f takes 50 times as long, and of one in %.0f of the cache's the request or the answer is lost. "+
			"Per second %.0f%% of the entries are evicted. A process is frozen for 10ms to 10s every %v, and killed after %v, on average. The "+
			"cache is out for %v. A read is stale if its value is older than a write that had returned before the read began; \"oldest\" is for how "+
			"long that write had returned. Of the stale reads of readaside, those in brackets follow a write whose process was killed in the "+
			"middle of it, or the second step of which was lost: see \"What remains\" in its documentation.",
			keys, zipf, rate, 100*updates, cacheTime, tableTime, 1/slow, 1/lost, 100*evicted, freezes, lifetime, outage),
	}
	for _, r := range results {
		stale := fmt.Sprint(r.Stale)
		if r.Protocol == Ours {
			stale = fmt.Sprintf("%d [%d]", r.Stale, r.Remaining)
		}
		oldest := table.None
		if r.Stale > 0 {
			oldest = fmt.Sprintf("%.1f s", r.Oldest.Seconds())
		}
		t.Rows = append(t.Rows, []string{
			fmt.Sprint(r.Processes), r.Protocol, fmt.Sprint(r.Reads), fmt.Sprint(r.Writes), fmt.Sprint(r.Failed), stale,
			fmt.Sprintf("%.0f", r.perMillion()), oldest, per(r.Loads, r.Reads), fmt.Sprint(r.Hottest),
			milliseconds(r.ReadP50), milliseconds(r.ReadP99), milliseconds(r.WriteP50), milliseconds(r.WriteP99),
			per(r.ReadCalls, r.Reads), per(r.WriteCalls, r.Writes),
		})
	}
	return t
}

func (r Result) perMillion() float64 { return 1e6 * float64(r.Stale) / float64(max(r.Reads, 1)) }

func per(n, of int) string { return fmt.Sprintf("%.2f", float64(n)/float64(max(of, 1))) }

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}

// Picture returns a plot of the number of stale reads.
func Picture(results []Result) pictures.Dots {
	d := pictures.Dots{
		Title: "Reads that returned a value which a finished write had replaced", Axis: "per million reads", Format: pictures.Whole,
		Rows: Protocols()[1:],
	}
	for fleet := range slices.Chunk(results, len(Protocols())) {
		s := pictures.Series{Name: fmt.Sprintf("%d processes", fleet[0].Processes)}
		for _, r := range fleet[1:] {
			s.Ranges = append(s.Ranges, table.Of([]float64{r.perMillion()}))
		}
		d.Series = append(d.Series, s)
	}
	return d
}
