package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/warmclient/warmclient/benchmarks/internal/gobench"
)

// lines returns every time that was measured as a line of benchmark text: what go
// test printed, and each single run of what it did not measure.
func (r *results) lines() []gobench.Line {
	all := r.Benchmarks
	add := func(pkg, name string, took time.Duration, more ...gobench.Value) {
		all = append(all, gobench.Line{
			Package: "github.com/warmclient/warmclient/benchmarks/" + pkg, CPU: r.Machine.CPU, Name: name, Iterations: 1,
			Values: append([]gobench.Value{{Number: float64(took), Unit: "ns/op"}}, more...),
		})
	}
	for _, s := range r.Faults {
		for _, took := range s.Took {
			add("secrettimes", nameOf("Fault", "fault", s.Fault, "reader", s.Contender), took)
		}
	}
	for _, s := range r.Sharing {
		for _, took := range s.Took {
			add("secrettimes", nameOf("ColdCallers", "reader", s.Contender), took)
		}
	}
	for _, s := range r.Starts {
		of := []string{"scenario", s.Scenario, "function", s.Program}
		add("coldstart", nameOf("Init", of...), s.Ready)
		if s.First.Status != 0 { // otherwise there is no time, only a limit
			add("coldstart", nameOf("FirstAnswer", of...), s.First.To)
			add("coldstart", nameOf("SecondRequest", of...), s.Second.Took())
		}
	}
	for _, l := range r.Loads {
		add("growth", nameOf("Service", "clients", strconv.Itoa(l.Clients)), l.P50,
			gobench.Value{Number: l.PerSecond(), Unit: "requests/s"},
			gobench.Value{Number: float64(l.P99), Unit: "p99-ns"},
			gobench.Value{Number: float64(l.Resident), Unit: "resident-B"})
	}
	return all
}

// nameOf returns a benchmark's name with keys and values, in the form that benchstat
// takes apart: "Fault/fault=400_throttled/reader=AWS_SDK".
func nameOf(name string, keysAndValues ...string) string {
	for i := 0; i < len(keysAndValues); i += 2 {
		value := strings.NewReplacer(" ", "_", "/", "_", "-", "_", ",", "").Replace(keysAndValues[i+1])
		name += "/" + keysAndValues[i] + "=" + value
	}
	return name
}
