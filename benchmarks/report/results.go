package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/warmclient/warmclient/benchmarks/coldstart"
	"github.com/warmclient/warmclient/benchmarks/fleet"
	"github.com/warmclient/warmclient/benchmarks/growth"
	"github.com/warmclient/warmclient/benchmarks/holders"
	"github.com/warmclient/warmclient/benchmarks/internal/gobench"
	"github.com/warmclient/warmclient/benchmarks/readaside"
	"github.com/warmclient/warmclient/benchmarks/secrettimes"
)

// results is all that one run of the command measured. Everything that is printed
// or drawn is made from it. Durations are in nanoseconds.
type results struct {
	Machine machine
	Plan    plan

	Outcomes   []holders.Outcome
	Faults     []secrettimes.Sample
	Sharing    []secrettimes.Sharing
	Coalescing []readaside.Coalesced
	Outages    []readaside.Outage
	Fleets     []fleet.Result
	Starts     []coldstart.Start
	Loads      []growth.Load
	Benchmarks []gobench.Line
}

// machine is what it was measured on.
type machine struct {
	System     string // GOOS/GOARCH
	CPU        string // as the benchmarks name it
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
	cpu := m.CPU
	if cpu == "" {
		cpu = "a processor that has not told its name"
	}
	return fmt.Sprintf("%s, %d processors, %s, %s; %s, within %v.", cpu, m.Processors, m.System, m.Go,
		m.Started.Format("2006-01-02 15:04 MST"), m.Took.Round(time.Second))
}

func (r *results) save(file string) error {
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode the results: %w", err)
	}
	return os.WriteFile(file, append(b, '\n'), 0o644)
}

func load(file string) (*results, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var r results
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &r, nil
}
