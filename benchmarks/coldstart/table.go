package coldstart

import (
	"fmt"
	"time"

	"github.com/warmclient/warmclient/benchmarks/internal/pictures"
	"github.com/warmclient/warmclient/benchmarks/internal/table"
)

// limits are the expected maximum times of our start, by scenario.
var limits = map[string]string{
	Healthy: "about 0.8 of the tutorial's",
	Slow:    "at most 350 ms",
	Mute:    "at most 350 ms",
}

// Table returns a table of starts with a row for each program in each scenario. limit is the limit
// of the measurement.
func Table(starts []Start, limit time.Duration) table.Table {
	t := table.Table{
		Title: "Cold start: from the start of the process to the first answers",
		Columns: []string{
			"", "function", "Init phase", "first request", "start to first answer", "limit", "95% within", "to ours", "second request", "users served",
		},
	}
	runs := 0
	for _, scenario := range scenarios {
		for _, program := range []string{Tutorial, Ours} {
			var ready, first, total, second []time.Duration
			served, failed, missing := 0, 0, 0
			all := of(starts, scenario, program)
			for _, s := range all {
				ready, first, total = append(ready, s.Ready), append(first, s.First.Took()), append(total, s.First.To)
				switch {
				case s.First.Status == 0:
					missing++
					continue
				case s.First.Good():
					served++
				default:
					failed++
				}
				second = append(second, s.Second.Took())
				if s.Second.Good() {
					served++
				}
			}
			if len(all) == 0 {
				continue
			}
			runs = len(all)
			answer := table.Of(total)
			row := []string{
				scenario, program, table.Of(ready).Spread(), table.Of(first).Spread(), answer.Spread(), table.None,
				fmt.Sprintf("%.0f ms", answer.P95/1e6), answer.Ratio(totals(starts, scenario, Ours)), table.Of(second).Spread(),
				fmt.Sprintf("%d of %d", served, 2*runs),
			}
			if program == Ours && limits[scenario] != "" {
				row[5] = limits[scenario]
			}
			if missing > 0 {
				row[4] = fmt.Sprintf("none in %d of %d", missing, runs)
				row[3], row[6], row[7] = row[4], "never", table.None
			} else if failed > 0 {
				row[4] += fmt.Sprintf(", an error in %d of %d", failed, runs)
			}
			t.Rows = append(t.Rows, row)
		}
	}
	t.Note = fmt.Sprintf("Median (least to most) of %d processes of each, started by turns. Secrets Manager answers after %v, a connection to "+
		"Momento or Valkey takes %v and one to DynamoDB %v; all else is as fast as loopback. The first request asks for a user whom the table holds and "+
		"the cache does not, the second for the same user. A request gets no answer if it takes longer than %v; the process is then ended, as "+
		"on Lambda, and gets no second request. On Lambda the Init phase is part of what the first caller waits for. Starts in which Momento is "+
		"not well overlap, %v apart.", runs, SecretsManagerAnswer, MomentoConnect, DynamoDBConnect, limit, apart)
	return t
}

func of(starts []Start, scenario, program string) (some []Start) {
	for _, s := range starts {
		if s.Scenario == scenario && s.Program == program {
			some = append(some, s)
		}
	}
	return some
}

// totals summarizes the times until the first answer, or until the process was killed without one.
func totals(starts []Start, scenario, program string) table.Summary {
	var all []time.Duration
	for _, s := range of(starts, scenario, program) {
		all = append(all, s.First.To)
	}
	return table.Of(all)
}

// Picture returns a plot of the times until the first answer.
func Picture(starts []Start) pictures.Dots {
	d := pictures.Dots{
		Title: "Cold start: from the start of the process to the first answer", Axis: "time (median, least to most)",
		Log: true, Format: pictures.Duration,
	}
	for _, scenario := range scenarios {
		if len(of(starts, scenario, Tutorial)) > 0 {
			d.Rows = append(d.Rows, scenario)
		}
	}
	for _, program := range []string{Tutorial, Ours} {
		s := pictures.Series{Name: program}
		for _, scenario := range d.Rows {
			total := totals(starts, scenario, program)
			label := pictures.Duration(total.Median)
			switch first := of(starts, scenario, program)[0].First; {
			case first.Status == 0:
				label += ", no answer"
			case !first.Good():
				label += ", an error"
			}
			s.Ranges, s.Labels = append(s.Ranges, total), append(s.Labels, label)
		}
		d.Series = append(d.Series, s)
	}
	return d
}
