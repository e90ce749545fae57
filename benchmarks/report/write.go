package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/warmclient/warmclient/benchmarks/coldstart"
	"github.com/warmclient/warmclient/benchmarks/fleet"
	"github.com/warmclient/warmclient/benchmarks/growth"
	"github.com/warmclient/warmclient/benchmarks/holders"
	"github.com/warmclient/warmclient/benchmarks/internal/gobench"
	"github.com/warmclient/warmclient/benchmarks/internal/pictures"
	"github.com/warmclient/warmclient/benchmarks/internal/table"
	"github.com/warmclient/warmclient/benchmarks/readaside"
	"github.com/warmclient/warmclient/benchmarks/secrettimes"
)

// section is a part of the report.
type section struct {
	tables []table.Table
	plots  []plot // after the tables
}

type plot struct {
	name    string // of the file, without extension
	says    string // for those who do not see it
	picture pictures.Picture
}

func sections(r *results) []section {
	return []section{
		{
			[]table.Table{coldstart.Table(r.Starts, r.Plan.StartLimit)},
			[]plot{
				{"coldstart", "time to the first answer of both functions, with Momento well and not", coldStartPlot(r)},
				{"waterfall", "one start of each function, as a waterfall", waterfallPlot(r)},
			},
		},
		{
			[]table.Table{holders.Table(r.Outcomes), warmTable(r), coldTable(r)},
			[]plot{{"holders", "time of a warm read of each holder", warmPlot(r)}},
		},
		{
			[]table.Table{secrettimes.TimesTable(r.Faults), secrettimes.SharingTable(r.Sharing), cachedTable(r)},
			[]plot{{"secrets", "time to an answer while Secrets Manager is at fault", faultsPlot(r)}},
		},
		{
			[]table.Table{readaside.OutagesTable(r.Outages), readaside.CoalescingTable(r.Coalescing), hitTable(r), loopbackTable(r)},
			[]plot{{"readaside", "time of a hit above the cache", hitPlot(r)}},
		},
		{
			[]table.Table{fleet.Table(r.Fleets)},
			[]plot{{"fleet", "share of stale reads of each protocol in fleets of three sizes", fleet.Picture(r.Fleets)}},
		},
		{
			[]table.Table{readersTable(r)},
			[]plot{{"goroutines", "time of a warm read, by the number of goroutines", readersPlot(r)}},
		},
		{
			[]table.Table{growth.Table(r.Loads)},
			[]plot{{"service", "throughput, latency and memory of the local service, by the number of clients", servicePlot(r)}},
		},
	}
}

// write writes the report into a directory: README.md, plots, results.json, and
// results.txt for benchstat.
func write(r *results, dir string) error {
	plots := filepath.Join(dir, "plots")
	if err := os.MkdirAll(plots, 0o755); err != nil {
		return err
	}
	for _, s := range sections(r) {
		for _, p := range s.plots {
			if err := p.picture.Save(filepath.Join(plots, p.name+".svg"), "svg"); err != nil {
				return err
			}
		}
	}
	var text bytes.Buffer
	if err := gobench.Write(&text, r.lines()); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "results.txt"), text.Bytes(), 0o644); err != nil {
		return err
	}
	if err := r.save(filepath.Join(dir, "results.json")); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "README.md"), []byte(readme(r)), 0o644)
}

func readme(r *results) string {
	var b strings.Builder
	b.WriteString(head)
	fmt.Fprintf(&b, "Measured on: %s\n", r.Machine)
	if r.Plan.Quick {
		b.WriteString("\nThis was a run with `-quick`: few and short measurements, good for orientation.\n")
	}
	for _, s := range sections(r) {
		for _, t := range s.tables {
			b.WriteString("\n" + t.Markdown())
		}
		for _, p := range s.plots {
			fmt.Fprintf(&b, "\n![%s](plots/%s.svg)\n", p.says, p.name)
		}
	}
	b.WriteString(foot)
	return b.String()
}

const head = `<!-- Written by go run ./benchmarks/report; DO NOT EDIT. -->

# Benchmarks

What the packages of warmclient cost and what they do when things go wrong, beside what else one would use. Every
figure and picture on this page comes from one run of one command, from the root of the repository:

` + "```" + `
go run ./benchmarks/report          # all of it, about ten minutes
go run ./benchmarks/report -quick   # two minutes at most, once everything is built
` + "```" + `

No account is needed: all servers are on loopback. Peers are used as their documentation shows, with the settings that
they come with. What they do in the hard cases is recorded, not judged; what ours does is asserted by the tests of this
module. Times drift from machine to machine, ratios less. "1.00x" is as long as ours, "2.00x" twice as long.

`

const foot = `
## Comparing two runs

Each run also writes all single measurements, as ` + "`results.json`" + ` and, for benchstat, as ` + "`results.txt`" + `:

` + "```" + `
go run ./benchmarks/report -out /tmp/before
# ... change something ...
go run ./benchmarks/report -out /tmp/after
cd benchmarks && go tool benchstat /tmp/before/results.txt /tmp/after/results.txt
` + "```" + `

` + "`-from results.json`" + ` measures nothing and writes the report of an earlier run.
`
