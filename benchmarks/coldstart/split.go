package coldstart

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/warmclient/warmclient/benchmarks/internal/table"
)

// Split is the duration of each part of the Init phase of one start.
type Split struct {
	Runtime time.Duration            // from the start of the process to the first package's init
	Inits   time.Duration            // of all packages
	Config  time.Duration            // from main to the first connection or request
	Dials   time.Duration            // from then to the end of the phase
	Slowest map[string]time.Duration // the inits of packages that take a tenth of a millisecond or more
}

// Splits starts our function runs times with GODEBUG=inittrace=1, in the healthy scenario.
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

// log is the stderr of a process.
type log struct {
	text    bytes.Buffer  // not embedded: its ReadFrom would be used instead of Write
	began   time.Time     // of the process
	runtime time.Duration // from began to the start of the runtime's clock, at most
}

func (l *log) Write(b []byte) (int, error) {
	l.text.Write(b)
	text := l.text.String()
	if _, at, took := initOf(text[strings.LastIndexByte(strings.TrimSuffix(text, "\n"), '\n')+1:]); took > 0 {
		if d := time.Since(l.began) - at - took; l.runtime == 0 || d < l.runtime {
			l.runtime = d
		}
	}
	return len(b), nil
}

// initOf parses a line of an inittrace: when an init began, by the runtime's clock, and how long it
// took.
func initOf(line string) (name string, at, took time.Duration) {
	var began, clock float64
	if n, _ := fmt.Sscanf(line, "init %s @%f ms, %f ms clock", &name, &began, &clock); n < 3 {
		return "", 0, 0
	}
	return name, time.Duration(began * float64(time.Millisecond)), time.Duration(clock * float64(time.Millisecond))
}

func split(s Start, l *log) (Split, error) {
	out := Split{Slowest: map[string]time.Duration{}}
	var first, end time.Duration
	for line := range strings.Lines(l.text.String()) {
		name, at, took := initOf(line)
		if name == "" {
			continue
		}
		if end == 0 {
			first = at
		}
		end = at + took
		if took >= 100*time.Microsecond {
			out.Slowest[name] = took
		}
	}
	if end == 0 || s.Contact == 0 {
		return out, errors.New("coldstart: no trace of inits, or no connection")
	}
	out.Runtime = l.runtime + first
	out.Inits = end - first
	out.Config = s.Contact - l.runtime - end
	out.Dials = s.Ready - s.Contact
	return out, nil
}

// SplitTable returns a table of splits.
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
	for _, name := range slices.Sorted(maps.Keys(inits)) {
		if took := inits[name]; len(took) > len(splits)/2 {
			slowest = append(slowest, init{name, table.Of(took)})
		}
	}
	slices.SortStableFunc(slowest, func(a, b init) int { return cmp.Compare(b.took.Median, a.took.Median) })
	var names []string
	for _, i := range slowest[:min(5, len(slowest))] {
		names = append(names, i.name+" "+i.took.Spread())
	}
	t.Note = fmt.Sprintf("Median (least to most) of %d processes with GODEBUG=inittrace=1, which is part of the time, as all is well. "+
		"Configuration ends with the first connection or request that a server sees. The slowest package inits: %s.",
		len(splits), strings.Join(names, ", "))
	return t
}
