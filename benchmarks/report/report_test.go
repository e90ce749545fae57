package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/benchmarks/coldstart"
	"github.com/warmclient/warmclient/benchmarks/fleet"
	"github.com/warmclient/warmclient/benchmarks/growth"
	"github.com/warmclient/warmclient/benchmarks/holders"
	"github.com/warmclient/warmclient/benchmarks/internal/gobench"
	"github.com/warmclient/warmclient/benchmarks/readaside"
	"github.com/warmclient/warmclient/benchmarks/secrettimes"
)

const ms = time.Millisecond

// tiny is what a run could have measured.
func tiny() *results {
	r := &results{
		Machine: machine{System: "linux/amd64", CPU: "A Processor", Processors: 2, Go: "go1.26",
			Started: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), Took: 100 * time.Second},
		Plan:     quick,
		Outcomes: []holders.Outcome{{Contender: holders.Ours, Case: holders.Panic, Verdict: "callers: panic; heals"}},
		Faults: []secrettimes.Sample{
			{Contender: "AWS SDK", Fault: "hang", Limit: 10 * time.Second, Took: []time.Duration{10 * time.Second}, Requests: 1, Err: "deadline", Cause: true},
			{Contender: secrettimes.Ours, Fault: "hang", Limit: 10 * time.Second, Took: []time.Duration{time.Second}, Requests: 1, Err: "deadline", Cause: true},
		},
		Sharing: []secrettimes.Sharing{
			{Contender: "ours", Operations: map[string]int{"GetSecretValue": 1}, Callers: 64, Requests: 1, Took: []time.Duration{20 * ms, 21 * ms}},
		},
		Coalescing: []readaside.Coalesced{{Contender: readaside.Ours, Loads: 1}},
		Outages: []readaside.Outage{
			{Contender: readaside.Ours, Fault: "hangs", First: readaside.Request{Took: 56 * ms}, Later: readaside.Request{Took: 5 * ms}},
		},
		Fleets: []fleet.Result{
			{Protocol: fleet.None, Processes: 10, Reads: 100, Writes: 5, Loads: 100, Hottest: 7, ReadP50: 4 * ms},
			{Protocol: fleet.SetAfter, Processes: 10, Reads: 100, Writes: 5, Stale: 2, Oldest: time.Minute},
			{Protocol: fleet.DeleteAfter, Processes: 10, Reads: 100, Writes: 5, Stale: 1, Oldest: time.Minute},
			{Protocol: fleet.DoubleDelete, Processes: 10, Reads: 100, Writes: 5},
			{Protocol: fleet.Ours, Processes: 10, Reads: 100, Writes: 5},
		},
		Loads: []growth.Load{
			{Clients: 1, Requests: 100, Hits: 100, Took: 100 * ms, P50: ms, P99: 2 * ms, Resident: 32 << 20},
			{Clients: 2, Requests: 150, Hits: 150, Took: 100 * ms, P50: ms, P99: 3 * ms, Resident: 33 << 20},
		},
	}
	for _, scenario := range []string{coldstart.Healthy, coldstart.Refused, coldstart.Mute} {
		for i, program := range []string{coldstart.Tutorial, coldstart.Ours} {
			r.Starts = append(r.Starts, coldstart.Start{
				Program: program, Scenario: scenario, Ready: time.Duration(10+100*i) * ms,
				First:  coldstart.Request{From: 120 * ms, To: 150 * ms, Status: 200},
				Second: coldstart.Request{From: 150 * ms, To: 151 * ms, Status: 200},
				Spans:  []coldstart.Span{{What: "Momento: connect", From: 60 * ms, To: 100 * ms}},
			})
		}
	}
	bench := func(name string, values ...gobench.Value) {
		r.Benchmarks = append(r.Benchmarks, gobench.Line{Package: "p", CPU: "A Processor", Name: name, Iterations: 10, Values: values})
	}
	for _, ns := range []float64{2, 3, 2.5} {
		bench("Warm/HolderGet", gobench.Value{Number: ns, Unit: "ns/op"}, gobench.Value{Number: 0, Unit: "allocs/op"})
		bench("Warm/SamberDo", gobench.Value{Number: 200 * ns, Unit: "ns/op"}, gobench.Value{Number: 6, Unit: "allocs/op"})
		bench("WarmParallel/HolderGet-8", gobench.Value{Number: ns, Unit: "ns/op"})
		bench("Hit/Raw", gobench.Value{Number: 50 * ns, Unit: "ns/op"}, gobench.Value{Number: 0, Unit: "allocs/op"})
		bench("Hit/RawRedis", gobench.Value{Number: 60 * ns, Unit: "ns/op"}, gobench.Value{Number: 1, Unit: "allocs/op"})
		bench("Hit/Service", gobench.Value{Number: 500 * ns, Unit: "ns/op"}, gobench.Value{Number: 12, Unit: "allocs/op"})
		for _, n := range []string{"1", "10", "100", "1000"} {
			bench("WarmReaders/HolderGet/readers="+n+"-2", gobench.Value{Number: ns, Unit: "ns/op"})
		}
	}
	return r
}

func TestAReportIsWrittenAndReadBack(t *testing.T) {
	dir := t.TempDir()
	r := tiny()
	require.NoError(t, write(r, dir))

	text := read(t, dir, "README.md")
	for _, want := range []string{
		"Measured on: A Processor, 2 processors, linux/amd64, go1.26; 2026-11-22 10:00 UTC, within 1m40s.",
		"This was a run with `-quick`",
		"| Holder.Get               | 2.5 ns (2.0-3.0) 1.00x ", "| samber/do Invoke         | 500 ns (400-600) 200x ",
		"1125 ns (875-1375)", // of the service above the cache
		"10.00 (10.00-10.00) 10x [1]",
		"150 ms (150-150)",
		"1000 (1000-1000)", "1500 (1500-1500)", "1.50x",
	} {
		assert.Contains(t, text, want)
	}
	for _, name := range []string{"coldstart", "waterfall", "holders", "secrets", "readaside", "goroutines", "service"} {
		assert.Contains(t, text, "(plots/"+name+".svg)")
		assert.Contains(t, read(t, dir, filepath.Join("plots", name+".svg")), "</svg>")
	}

	back, err := load(filepath.Join(dir, "results.json"))
	require.NoError(t, err)
	assert.Equal(t, r, back)

	var stdout, stderr strings.Builder
	again := t.TempDir()
	code := command(t.Context(), []string{"-from", filepath.Join(dir, "results.json"), "-out", again}, &stdout, &stderr)
	require.Equal(t, exitOK, code, stderr.String())
	assert.Contains(t, stdout.String(), "Holders: reading a value that is there")
	assert.Equal(t, text, read(t, again, "README.md"))
	assert.Equal(t, read(t, dir, "results.json"), read(t, again, "results.json"))
}

func TestEveryTimeIsALineForBenchstat(t *testing.T) {
	dir := t.TempDir()
	r := tiny()
	r.Starts[4].First.Status = 0 // no answer: there is no time to compare
	require.NoError(t, write(r, dir))
	lines, err := gobench.Read(strings.NewReader(read(t, dir, "results.txt")))
	require.NoError(t, err)
	for name, want := range map[string][]float64{
		"Warm/HolderGet":                                    {2, 3, 2.5},
		"Fault/fault=hang/reader=AWS_SDK":                   {10e9},
		"ColdCallers/reader=ours":                           {20e6, 21e6},
		"Init/scenario=all_well/function=tutorial":          {10e6},
		"SecondRequest/scenario=all_well/function=tutorial": {1e6},
		"Service/clients=2":                                 {1e6},
		"FirstAnswer/scenario=Momento_accepts_and_says_nothing/function=tutorial": nil,
	} {
		assert.Equal(t, want, gobench.Numbers(lines, name, 0, "ns/op"), name)
	}
	assert.Equal(t, []float64{1500}, gobench.Numbers(lines, "Service/clients=2", 0, "requests/s"))
}

func TestAStepThatFailsEndsTheMeasurement(t *testing.T) {
	broken := errors.New("out of memory")
	var ran []string
	note := func(name string, err error) step {
		return step{name, func(context.Context, *results) error {
			ran = append(ran, name)
			return err
		}}
	}
	var progress strings.Builder
	err := run(t.Context(), &results{}, []step{note("one", nil), note("two", broken), note("three", nil)}, &progress)
	require.ErrorIs(t, err, broken)
	assert.ErrorContains(t, err, "two")
	assert.Equal(t, []string{"one", "two"}, ran)
	assert.Contains(t, progress.String(), " 1/3 one")
}

func TestBadFlagsAreAUsageError(t *testing.T) {
	for _, args := range [][]string{{"-fast"}, {"all"}, {"-quick", "-from", "results.json"}} {
		var stdout, stderr strings.Builder
		assert.Equal(t, exitUsage, command(t.Context(), args, &stdout, &stderr), args)
		assert.Equal(t, 1, strings.Count(stderr.String(), "\n"), stderr.String())
	}
	var stdout, stderr strings.Builder
	assert.Equal(t, exitOK, command(t.Context(), []string{"-help"}, &stdout, &stderr))
	assert.Contains(t, stdout.String(), "-quick")
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return string(b)
}
