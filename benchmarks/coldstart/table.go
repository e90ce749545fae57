package coldstart

import (
	"fmt"
	"slices"
	"time"

	"github.com/warmclient/warmclient/benchmarks/internal/stats"
	"github.com/warmclient/warmclient/benchmarks/internal/table"
)

// Table shows starts, a row for each program in each scenario. limit is the one
// they were measured with.
func Table(starts []Start, limit time.Duration) table.Table {
	t := table.Table{
		Title: "Cold start: from the start of the process to the first answers",
		Columns: []string{
			"", "function", "Init phase", "first request", "start to first answer", "95% within", "to ours", "second request", "users served",
		},
	}
	runs := 0
	for _, g := range groups(starts) {
		runs = len(g.starts)
		ours, _ := find(starts, g.scenario, Ours)
		total, base := stats.Of(g.totals()), stats.Of(ours.totals())
		row := []string{
			g.scenario,
			g.program,
			table.Spread(stats.Of(g.each(func(s Start) time.Duration { return s.Ready }))),
			table.Spread(stats.Of(g.each(func(s Start) time.Duration { return s.First.Took() }))),
			table.Spread(total),
			fmt.Sprintf("%.0f ms", total.P95/1e6),
			table.Ratio(total, base),
			table.Spread(stats.Of(g.seconds())),
			fmt.Sprintf("%d of %d", g.served(first)+g.served(second), 2*runs),
		}
		if missing := g.unanswered(); missing > 0 {
			row[4] = fmt.Sprintf("none in %d of %d", missing, runs)
			row[3], row[5], row[6] = row[4], "never", table.None
		} else if failed := runs - g.served(first); failed > 0 {
			row[4] += fmt.Sprintf(", an error in %d of %d", failed, runs)
		}
		t.Rows = append(t.Rows, row)
	}
	t.Note = fmt.Sprintf("Median (least to most) of %d processes of each, started by turns. Secrets Manager answers after %v, a connection to "+
		"Momento takes %v and one to DynamoDB %v; all else is as fast as loopback. The first request asks for a user whom the table holds and "+
		"the cache does not, the second for the same user. A request gets no answer if it takes longer than %v; the process is then ended, as "+
		"on Lambda, and gets no second request. On Lambda the Init phase is part of what the first caller waits for. Starts in which Momento is "+
		"not well overlap, %v apart.", runs, SecretsManagerAnswer, MomentoConnect, DynamoDBConnect, limit, apart)
	return t
}

// group is the starts of one program in one scenario.
type group struct {
	scenario, program string
	starts            []Start
}

func groups(starts []Start) (all []group) {
	for _, scenario := range []string{Healthy, Refused, Mute} {
		for _, program := range []string{Tutorial, Ours} {
			if g, ok := find(starts, scenario, program); ok {
				all = append(all, g)
			}
		}
	}
	return all
}

func find(starts []Start, scenario, program string) (group, bool) {
	g := group{scenario: scenario, program: program}
	for _, s := range starts {
		if s.Scenario == scenario && s.Program == program {
			g.starts = append(g.starts, s)
		}
	}
	return g, len(g.starts) > 0
}

// each returns one time of every start.
func (g group) each(of func(Start) time.Duration) []time.Duration {
	var all []time.Duration
	for _, s := range g.starts {
		all = append(all, of(s))
	}
	return all
}

// totals returns the times until the first answer.
func (g group) totals() []time.Duration {
	return g.each(func(s Start) time.Duration { return s.First.To })
}

// seconds returns the times of the second requests, of those that were made.
func (g group) seconds() []time.Duration {
	answered := group{starts: slices.DeleteFunc(slices.Clone(g.starts), func(s Start) bool { return s.First.Status == 0 })}
	return answered.each(func(s Start) time.Duration { return s.Second.Took() })
}

func first(s Start) Request  { return s.First }
func second(s Start) Request { return s.Second }

// served counts the starts whose first or second request got its user.
func (g group) served(which func(Start) Request) (n int) {
	for _, s := range g.starts {
		if which(s).Good() {
			n++
		}
	}
	return n
}

// unanswered counts the starts whose first request got no answer at all.
func (g group) unanswered() (n int) {
	for _, s := range g.starts {
		if s.First.Status == 0 {
			n++
		}
	}
	return n
}

// Totals returns the times until the first answer, or until the process was
// ended for want of one.
func Totals(starts []Start, scenario, program string) []time.Duration {
	g, _ := find(starts, scenario, program)
	return g.totals()
}
