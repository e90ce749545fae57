package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/benchmarks/coldstart"
	"github.com/warmclient/warmclient/benchmarks/secrettimes"
)

const recorded = ".." // the module's directory, which holds the results of the last full run

func TestTheReadmeIsWhatTheRecordedResultsGive(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, report(t.Context(), false, recorded, dir, io.Discard, io.Discard))
	text := read(t, dir, "README.md")
	assert.Equal(t, read(t, recorded, "README.md"), text, "write it again: go run ./benchmarks/report -from benchmarks")
	for _, name := range []string{"coldstart", "holders", "secrets", "fleet"} {
		assert.Contains(t, text, "(plots/"+name+".svg)")
		assert.Contains(t, read(t, dir, "plots/"+name+".svg"), "</svg>")
		assert.Contains(t, read(t, recorded, "plots/"+name+".svg"), "</svg>")
	}
	assert.NotContains(t, text, "NaN")
}

func TestResultsAreReadBackAndEveryTimeIsALineForBenchstat(t *testing.T) {
	r := &results{
		Machine: machine{Processors: 2, Started: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)},
		Plan:    quick,
		Faults:  []secrettimes.Sample{{Contender: "AWS SDK", Fault: "400 throttled", Took: []time.Duration{1e9, 2e9}}},
		Starts: []coldstart.Start{
			{Program: "tutorial", Scenario: "all well", Ready: 10e6, First: coldstart.Request{To: 20e6, Status: 200}},
			{Program: "tutorial", Scenario: "mute", Ready: 10e6}, // no answer: there is no time to compare
		},
	}
	r.text.WriteString("cpu: A Processor\nBenchmarkWarm/Once 100 3.9 ns/op 0 allocs/op\n" +
		"BenchmarkWarm/Once-8 100 1.5 ns/op\nBenchmarkWarm/Once-8 100 1.6 ns/op\nPASS\n")
	dir := t.TempDir()
	require.NoError(t, r.save(dir))
	back, err := load(dir)
	require.NoError(t, err)
	assert.Equal(t, "A Processor", back.Machine.CPU)
	assert.Equal(t, r.Starts, back.Starts)
	for key, want := range map[bench]int{
		{"Warm/Once", 0, "ns/op"}:                                       3,
		{"Warm/Once", 1, "allocs/op"}:                                   1,
		{"Warm/Once", 8, "ns/op"}:                                       2,
		{"Warm/Once", 2, "ns/op"}:                                       0,
		{"Fault/fault=400_throttled/reader=AWS_SDK", 0, "ns/op"}:        2,
		{"Init/scenario=all_well/function=tutorial", 0, "ns/op"}:        1,
		{"FirstAnswer/scenario=all_well/function=tutorial", 0, "ns/op"}: 1,
		{"FirstAnswer/scenario=mute/function=tutorial", 0, "ns/op"}:     0,
	} {
		assert.Equal(t, want, back.of[key].N, "%+v", key)
	}
	assert.InDelta(t, 1.55, back.of[bench{"Warm/Once", 8, "ns/op"}].Median, 1e-9)
	assert.InDelta(t, 20e6, back.of[bench{"FirstAnswer/scenario=all_well/function=tutorial", 0, "ns/op"}].Median, 0)
}

func BenchmarkNothing(b *testing.B) {
	for b.Loop() {
	}
}

func TestASuiteRunsInProcessesOfItsOwn(t *testing.T) {
	var r results
	require.NoError(t, suite{"report", "^BenchmarkNothing$", "1,2", "10x"}.run(t.Context(), recorded, t.TempDir(), 2, &r.text))
	require.NoError(t, r.read(r.text.Bytes()))
	assert.Equal(t, 2, r.of[bench{"Nothing", 2, "ns/op"}].N)
	assert.Equal(t, 4, r.of[bench{"Nothing", 0, "ns/op"}].N)
	err := suite{"report", "^None$", "", "1x"}.run(t.Context(), recorded, t.TempDir(), 1, &r.text)
	assert.ErrorContains(t, err, "no such benchmark")
}

func TestAStepThatFailsEndsTheMeasurement(t *testing.T) {
	broken := errors.New("out of memory")
	var ran []string
	note := func(name string, err error) step {
		return step{name, func(context.Context) error {
			ran = append(ran, name)
			return err
		}}
	}
	var progress strings.Builder
	err := run(t.Context(), []step{note("one", nil), note("two", broken), note("three", nil)}, &progress)
	require.ErrorIs(t, err, broken)
	assert.ErrorContains(t, err, "two")
	assert.Equal(t, []string{"one", "two"}, ran)
	assert.Contains(t, progress.String(), " 1/3 one")

	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("not done in time"))
	assert.ErrorContains(t, run(ctx, []step{note("one", nil)}, io.Discard), "one: not done in time")
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return string(b)
}
