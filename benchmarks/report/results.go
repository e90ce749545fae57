package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/perf/benchfmt"

	"github.com/warmclient/warmclient/benchmarks/coldstart"
	"github.com/warmclient/warmclient/benchmarks/fleet"
	"github.com/warmclient/warmclient/benchmarks/growth"
	"github.com/warmclient/warmclient/benchmarks/holders"
	"github.com/warmclient/warmclient/benchmarks/internal/table"
	"github.com/warmclient/warmclient/benchmarks/readaside"
	"github.com/warmclient/warmclient/benchmarks/secrettimes"
	"github.com/warmclient/warmclient/benchmarks/tabletimes"
)

// results holds all results of one run. All tables and plots are made from it. Durations are in
// nanoseconds. It is stored as results.json, except for the benchmarks. They are stored as
// results.txt, in the format of go test, for benchstat, with a line for each time in results.json.
type results struct {
	Machine machine
	Plan    plan

	Outcomes   []holders.Outcome
	Faults     []secrettimes.Sample
	Sharing    []secrettimes.Sharing
	Coalescing []readaside.Coalesced
	Outages    []readaside.Outage
	Fleets     []fleet.Result
	Thaws      []tabletimes.Thaw
	Busy       []tabletimes.Busy
	Starts     []coldstart.Start
	Splits     []coldstart.Split
	Loads      []growth.Load

	text bytes.Buffer            // of the benchmarks
	of   map[bench]table.Summary // parsed from text
}

// bench is one unit of one benchmark.
type bench struct {
	name  string // without "Benchmark"
	procs int    // 0 means all of the machine's
	unit  string
}

// machine describes the machine of the measurement.
type machine struct {
	System     string // GOOS/GOARCH
	CPU        string // as in the output of the benchmarks
	Processors int
	Go         string
	Started    time.Time
	Took       time.Duration
}

func thisMachine() machine {
	return machine{
		System:     runtime.GOOS + "/" + runtime.GOARCH,
		Processors: runtime.NumCPU(),
		Go:         runtime.Version(),
		Started:    time.Now().UTC().Truncate(time.Second),
	}
}

// String returns the machine in a sentence.
func (m machine) String() string {
	return fmt.Sprintf("%s, %d processors, %s, %s; %s, within %v.", m.CPU, m.Processors, m.System, m.Go,
		m.Started.Format("2006-01-02 15:04 MST"), m.Took.Round(time.Second))
}

func (r *results) save(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode the results: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "results.json"), append(b, '\n'), 0o644); err != nil {
		return err
	}
	r.addTimes()
	return os.WriteFile(filepath.Join(dir, "results.txt"), r.text.Bytes(), 0o644)
}

func load(dir string) (*results, error) {
	b, err := os.ReadFile(filepath.Join(dir, "results.json"))
	if err != nil {
		return nil, err
	}
	var r results
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if b, err = os.ReadFile(filepath.Join(dir, "results.txt")); err != nil {
		return nil, err
	}
	return &r, r.read(b)
}

// read parses the output of benchmarks.
func (r *results) read(text []byte) error {
	values := map[bench][]float64{}
	in := benchfmt.NewReader(bytes.NewReader(text), "results.txt")
	for in.Scan() {
		switch record := in.Result().(type) {
		case *benchfmt.SyntaxError:
			return record
		case *benchfmt.Result:
			name, procs := string(record.Name), 1
			if i := strings.LastIndexByte(name, '-'); i >= 0 { // the benchmark package omits "-1"
				if n, err := strconv.Atoi(name[i+1:]); err == nil {
					name, procs = name[:i], n
				}
			}
			if cpu := record.GetConfig("cpu"); cpu != "" {
				r.Machine.CPU = cpu
			}
			for _, v := range record.Values {
				if v.OrigUnit != "" {
					v.Value, v.Unit = v.OrigValue, v.OrigUnit
				}
				for _, p := range []int{0, procs} {
					key := bench{name, p, v.Unit}
					values[key] = append(values[key], v.Value)
				}
			}
		}
	}
	r.of = map[bench]table.Summary{}
	for key, of := range values {
		r.of[key] = table.Of(of)
	}
	return in.Err()
}

// addTimes adds a line for each time in results.json.
func (r *results) addTimes() {
	add := func(pkg, name string, took time.Duration, keysAndValues ...string) {
		fmt.Fprintf(&r.text, "pkg: github.com/warmclient/warmclient/benchmarks/%s\nBenchmark%s", pkg, name)
		for i := 0; i < len(keysAndValues); i += 2 {
			value := strings.NewReplacer(" ", "_", "/", "_", "-", "_", ",", "").Replace(keysAndValues[i+1])
			fmt.Fprintf(&r.text, "/%s=%s", keysAndValues[i], value)
		}
		fmt.Fprintf(&r.text, " 1 %d ns/op\n", took)
	}
	for _, s := range r.Faults {
		for _, took := range s.Took {
			add("secrettimes", "Fault", took, "fault", s.Fault, "reader", s.Contender)
		}
	}
	for _, s := range r.Sharing {
		for _, took := range s.Took {
			add("secrettimes", "ColdCallers", took, "reader", s.Contender)
		}
	}
	for _, s := range r.Starts {
		add("coldstart", "Init", s.Ready, "scenario", s.Scenario, "function", s.Program)
		if s.First.Status != 0 { // otherwise there is no time, only a limit
			add("coldstart", "FirstAnswer", s.First.To, "scenario", s.Scenario, "function", s.Program)
			add("coldstart", "SecondRequest", s.Second.Took(), "scenario", s.Scenario, "function", s.Program)
		}
	}
	for _, l := range r.Loads {
		add("growth", "Service", l.P50, "clients", strconv.Itoa(l.Clients))
	}
}
