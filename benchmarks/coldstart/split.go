package coldstart

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/warmclient/warmclient/benchmarks/internal/table"
)

// Split is what the Init phase of one start was spent on.
type Split struct {
	Runtime time.Duration            // from the start of the process to the first package's init
	Inits   time.Duration            // of all packages
	Config  time.Duration            // from main to the first connection or request
	Dials   time.Duration            // from then to the end of the phase
	Slowest map[string]time.Duration // the inits of packages that take a tenth of a millisecond or more
}

// Splits starts ours, runs times, with a trace of the inits. All is well.
func Splits(ctx context.Context, programs Programs, runs int, limit time.Duration) ([]Split, error) {
	splits := make([]Split, runs)
	for i := range splits {
		var l log
		s, err := start(ctx, programs[Ours], Healthy, limit, &l, "GODEBUG=inittrace=1")
		if err == nil {
			splits[i], err = split(s, &l)
		}
		if err != nil {
			return nil, err
		}
	}
	return splits, nil
}

// log is what a process has written to stderr.
type log struct {
	text  bytes.Buffer  // no embedded one: its ReadFrom would be used instead of Write
	began time.Time     // of the process
	inits time.Duration // after which the last line of an inittrace came
}

func (l *log) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(" allocs\n")) {
		l.inits = time.Since(l.began)
	}
	return l.text.Write(b)
}

func split(s Start, l *log) (Split, error) {
	out := Split{Slowest: map[string]time.Duration{}}
	first, end := -1.0, 0.0
	for line := range strings.Lines(l.text.String()) {
		var name string
		var at, clock float64 // since the runtime's own start, in ms
		if n, _ := fmt.Sscanf(line, "init %s @%f ms, %f ms clock", &name, &at, &clock); n != 3 {
			continue
		}
		if first < 0 {
			first = at
		}
		end = at + clock
		if clock >= 0.1 {
			out.Slowest[name] = milliseconds(clock)
		}
	}
	if first < 0 || s.Contact == 0 {
		return out, errors.New("coldstart: no trace of inits, or no connection")
	}
	out.Inits = milliseconds(end - first)
	out.Runtime = l.inits - out.Inits
	out.Config = s.Contact - l.inits
	out.Dials = s.Ready - s.Contact
	return out, nil
}

func milliseconds(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

// SplitTable shows splits.
func SplitTable(splits []Split) table.Table {
	t := table.Table{
		Title:   "Cold start: what the Init phase of " + Ours + " is spent on",
		Columns: []string{"runtime", "package inits", "configuration", "connections and secret"},
	}
	inits := map[string][]time.Duration{}
	parts := make([][]time.Duration, len(t.Columns))
	for _, s := range splits {
		for i, d := range []time.Duration{s.Runtime, s.Inits, s.Config, s.Dials} {
			parts[i] = append(parts[i], d)
		}
		for name, d := range s.Slowest {
			inits[name] = append(inits[name], d)
		}
	}
	if len(splits) == 0 {
		return t
	}
	t.Rows = [][]string{nil}
	for _, p := range parts {
		t.Rows[0] = append(t.Rows[0], table.Of(p).Spread())
	}
	type init struct {
		name string
		took table.Summary
	}
	var slowest []init
	for name, took := range inits {
		if len(took) > len(splits)/2 {
			slowest = append(slowest, init{name, table.Of(took)})
		}
	}
	slices.SortFunc(slowest, func(a, b init) int { return cmp.Compare(b.took.Median, a.took.Median) })
	var names []string
	for _, i := range slowest[:min(5, len(slowest))] {
		names = append(names, i.name+" "+i.took.Spread())
	}
	t.Note = fmt.Sprintf("Median (least to most) of %d processes with GODEBUG=inittrace=1, which is part of the time, as all is well. "+
		"Configuration ends with the first connection or request that a server sees. The slowest package inits: %s.",
		len(splits), strings.Join(names, ", "))
	return t
}
