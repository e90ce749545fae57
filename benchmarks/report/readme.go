package main

import (
	_ "embed"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/warmclient/warmclient/benchmarks/coldstart"
	"github.com/warmclient/warmclient/benchmarks/fleet"
	"github.com/warmclient/warmclient/benchmarks/growth"
	"github.com/warmclient/warmclient/benchmarks/holders"
	"github.com/warmclient/warmclient/benchmarks/internal/pictures"
	"github.com/warmclient/warmclient/benchmarks/internal/table"
	"github.com/warmclient/warmclient/benchmarks/readaside"
	"github.com/warmclient/warmclient/benchmarks/secrettimes"
	"github.com/warmclient/warmclient/benchmarks/tabletimes"
)

// section is a part of the report.
type section struct {
	Tables  []table.Table
	Picture string // name of the file, without extension; "" means none
	Says    string // alternative text
	draw    func() pictures.Dots
}

func sections(r *results) []section {
	return []section{
		{
			[]table.Table{coldstart.Table(r.Starts, r.Plan.StartLimit), coldstart.SplitTable(r.Splits)},
			"coldstart", "time to the first answer of both functions, with Momento well and not",
			func() pictures.Dots { return coldstart.Picture(r.Starts) },
		},
		{
			[]table.Table{holders.Table(r.Outcomes), warmTable(r), readersTable(r), coldTable(r)},
			"holders", "time of a warm read of each holder",
			func() pictures.Dots { return warmPicture(r) },
		},
		{
			[]table.Table{secrettimes.TimesTable(r.Faults), secrettimes.SharingTable(r.Sharing), cachedTable(r)},
			"secrets", "time to an answer while Secrets Manager is at fault",
			func() pictures.Dots { return secrettimes.Picture(r.Faults) },
		},
		{
			[]table.Table{
				readaside.OutagesTable(r.Outages), readaside.CoalescingTable(r.Coalescing), hitTable(r), loopbackTable(r), protocolTable(r),
				fleet.Table(r.Fleets),
			},
			"fleet", "share of stale reads of each protocol in fleets of three sizes",
			func() pictures.Dots { return fleet.Picture(r.Fleets) },
		},
		{Tables: []table.Table{tabletimes.ThawTable(r.Thaws), tabletimes.BusyTable(r.Busy), growth.Table(r.Loads)}},
	}
}

//go:embed readme.tmpl
var readme string

// write writes README.md and its plots to a directory. It omits the tables of measurements that
// were not made.
func write(r *results, dir string) error {
	plots := filepath.Join(dir, "plots")
	if err := os.MkdirAll(plots, 0o755); err != nil {
		return err
	}
	all := sections(r)
	for _, s := range all {
		if s.Picture == "" {
			continue
		}
		if err := s.draw().Save(filepath.Join(plots, s.Picture+".svg")); err != nil {
			return err
		}
	}
	t, err := template.New("README.md").Parse(readme)
	if err != nil {
		return err
	}
	var b strings.Builder
	if err := t.Execute(&b, map[string]any{"Machine": r.Machine, "Plan": r.Plan, "Sections": all}); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "README.md"), []byte(b.String()), 0o644)
}
