// Package gobench runs Go benchmarks, and reads and writes their text, which
// https://go.dev/design/14313-benchmark-format describes.
package gobench

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// Line is one run of one benchmark.
type Line struct {
	Package    string
	CPU        string  `json:",omitempty"`
	Name       string  // without "Benchmark", with the number of processors: "Hit/Raw-2"
	Iterations int     // that the values are the mean of
	Values     []Value // in the order of the text
}

// Value is one thing that was measured.
type Value struct {
	Number float64
	Unit   string // as in the text: "ns/op"
}

// Read reads benchmark text.
func Read(r io.Reader) ([]Line, error) {
	var lines []Line
	in := benchfmt.NewReader(r, "benchmarks")
	for in.Scan() {
		switch record := in.Result().(type) {
		case *benchfmt.Result:
			line := Line{
				Package:    record.GetConfig("pkg"),
				CPU:        record.GetConfig("cpu"),
				Name:       string(record.Name),
				Iterations: record.Iters,
			}
			for _, v := range record.Values {
				if v.OrigUnit != "" {
					v.Value, v.Unit = v.OrigValue, v.OrigUnit
				}
				line.Values = append(line.Values, Value{v.Value, v.Unit})
			}
			lines = append(lines, line)
		case *benchfmt.SyntaxError:
			return nil, fmt.Errorf("gobench: %w", record)
		}
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("gobench: %w", err)
	}
	return lines, nil
}

// Write writes lines as benchmark text, for benchstat.
func Write(w io.Writer, lines []Line) error {
	out := benchfmt.NewWriter(w)
	for _, l := range lines {
		record := &benchfmt.Result{Name: benchfmt.Name(l.Name), Iters: l.Iterations}
		for _, c := range []struct{ key, value string }{{"pkg", l.Package}, {"cpu", l.CPU}} {
			if c.value != "" {
				record.Config = append(record.Config, benchfmt.Config{Key: c.key, Value: []byte(c.value), File: true})
			}
		}
		for _, v := range l.Values {
			record.Values = append(record.Values, benchfmt.Value{Value: v.Number, Unit: v.Unit})
		}
		if err := out.Write(record); err != nil {
			return fmt.Errorf("gobench: %w", err)
		}
	}
	return nil
}

// Split returns the name without the number of processors, and that number.
func (l Line) Split() (name string, procs int) {
	// The benchmark package leaves "-1" away.
	if i := strings.LastIndexByte(l.Name, '-'); i >= 0 {
		if n, err := strconv.Atoi(l.Name[i+1:]); err == nil {
			return l.Name[:i], n
		}
	}
	return l.Name, 1
}

// Numbers returns all that was measured of one benchmark on so many processors (0:
// on whatever number there is) in one unit.
func Numbers(lines []Line, name string, procs int, unit string) []float64 {
	var numbers []float64
	for _, l := range lines {
		n, p := l.Split()
		if n != name || procs != 0 && p != procs {
			continue
		}
		for _, v := range l.Values {
			if v.Unit == unit {
				numbers = append(numbers, v.Number)
			}
		}
	}
	return numbers
}
