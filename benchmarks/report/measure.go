package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/warmclient/warmclient/benchmarks/coldstart"
	"github.com/warmclient/warmclient/benchmarks/fleet"
	"github.com/warmclient/warmclient/benchmarks/growth"
	"github.com/warmclient/warmclient/benchmarks/holders"
	"github.com/warmclient/warmclient/benchmarks/readaside"
	"github.com/warmclient/warmclient/benchmarks/secrettimes"
	"github.com/warmclient/warmclient/benchmarks/tabletimes"
)

// step is one part of a measurement. Steps run sequentially, so that they do not affect each other.
type step struct {
	name string
	run  func(ctx context.Context) error
}

// into returns a step that assigns the result of of to *to.
func into[T any](name string, to *T, of func(ctx context.Context) (T, error)) step {
	return step{name, func(ctx context.Context) (err error) {
		*to, err = of(ctx)
		return err
	}}
}

func measure(ctx context.Context, module string, p plan, progress io.Writer) (*results, error) {
	programs, err := os.MkdirTemp("", "warmclient-benchmarks-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(programs)
	r := &results{Machine: thisMachine(), Plan: p}
	var built coldstart.Programs
	steps := append(r.suites(module, programs),
		into("holders: the hard cases", &r.Outcomes, func(ctx context.Context) ([]holders.Outcome, error) {
			all, err := holders.Outcomes(ctx)
			for _, o := range all {
				for i := range o.Callers { // the rest is a stack trace with paths of this machine
					o.Callers[i].Panic, _, _ = strings.Cut(o.Callers[i].Panic, "\n")
				}
			}
			return all, err
		}),
		into("secrets: callers who come together", &r.Sharing, func(ctx context.Context) ([]secrettimes.Sharing, error) {
			return secrettimes.SharedReads(ctx, p.SecretRuns)
		}),
		into("secrets: faults", &r.Faults, func(ctx context.Context) ([]secrettimes.Sample, error) {
			return secrettimes.Times(ctx, p.SecretLimit, p.SecretRuns)
		}),
		into("read-aside: callers who miss together", &r.Coalescing, readaside.Coalescing),
		into("read-aside: the cache at fault", &r.Outages, readaside.Outages),
		into("read-aside: a fleet", &r.Fleets, func(ctx context.Context) ([]fleet.Result, error) {
			return fleet.Run(ctx, module, fleet.Sizes(), p.FleetRequests)
		}),
		into("table: after a freeze", &r.Thaws, func(ctx context.Context) ([]tabletimes.Thaw, error) {
			return tabletimes.Thaws(ctx, p.TableRuns)
		}),
		into("table: throttling and conflicts", &r.Busy, func(ctx context.Context) ([]tabletimes.Busy, error) {
			return tabletimes.BusyTables(ctx, p.TableRuns)
		}),
		into("build", &built, func(ctx context.Context) (coldstart.Programs, error) {
			return coldstart.Build(ctx, module, programs)
		}),
		into("cold start", &r.Starts, func(ctx context.Context) ([]coldstart.Start, error) {
			return coldstart.Measure(ctx, built, p.Starts, p.StartLimit)
		}),
		into("cold start: the Init phase", &r.Splits, func(ctx context.Context) ([]coldstart.Split, error) {
			return coldstart.Splits(ctx, built, p.Starts, p.StartLimit)
		}),
		into("growth: the local service", &r.Loads, func(ctx context.Context) ([]growth.Load, error) {
			return growth.Measure(ctx, built[coldstart.Local], p.LoadRuns, p.LoadTime)
		}),
	)
	if err := run(ctx, steps, progress); err != nil {
		return nil, err
	}
	r.Machine.Took = time.Since(r.Machine.Started)
	return r, nil
}

func run(ctx context.Context, steps []step, progress io.Writer) error {
	for i, s := range steps {
		start := time.Now()
		fmt.Fprintf(progress, "%2d/%d %s ...", i+1, len(steps), s.name)
		err := s.run(ctx)
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			fmt.Fprintln(progress, " failed")
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Fprintf(progress, " %.1f s\n", time.Since(start).Seconds())
	}
	return nil
}

// suite is a set of Go benchmarks of one package.
type suite struct {
	pkg   string // "holders"
	bench string // regular expression, as of -bench
	cpu   string // as of -cpu; "" means the number of processors
	time  string // as of -benchtime
}

// suites returns the steps that run Go benchmarks.
func (r *results) suites(module, dir string) (steps []step) {
	p := r.Plan
	for _, s := range []suite{
		{"holders", "^BenchmarkWarmParallel$", "1,2,8", p.Time},
		{"holders", "^BenchmarkWarmReaders$/^(AtomicPointer|OnceValues|CredentialsCache|HolderGet|HolderUse)$", "", p.Time},
		{"holders", "^Benchmark(ColdStampede|FailureStorm|FailureCrowd)$", "", p.StormTime},
		{"secrettimes", "^BenchmarkCachedRead$", "1,2,8", p.Time},
		{"readaside", "^BenchmarkHit$", "1", p.Time},
		{"readaside", "^BenchmarkLoopbackHit$", "", p.LoopbackTime},
		{"readaside", "^BenchmarkProtocol$", "", p.Time},
	} {
		steps = append(steps, step{s.pkg + ": " + s.bench, func(ctx context.Context) error {
			return s.run(ctx, module, dir, p.Count, &r.text)
		}})
	}
	return steps
}

// run runs a suite count times in separate processes, instead of each benchmark count times in a
// row. A period in which the machine is slow then affects all contenders.
func (s suite) run(ctx context.Context, module, dir string, count int, text *bytes.Buffer) error {
	binary := filepath.Join(dir, s.pkg+".test")
	if _, err := output(ctx, module, "go", "test", "-c", "-o", binary, "./"+s.pkg); err != nil {
		return err
	}
	args := []string{"-test.run=^$", "-test.bench=" + s.bench, "-test.benchtime=" + s.time}
	if s.cpu != "" {
		args = append(args, "-test.cpu="+s.cpu)
	}
	for range count {
		out, err := output(ctx, filepath.Join(module, s.pkg), binary, args...)
		if err == nil && !bytes.Contains(out, []byte("\nBenchmark")) {
			err = errors.New("there is no such benchmark")
		}
		if err != nil {
			return err
		}
		text.Write(out)
	}
	return nil
}

func output(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w\n%s%s", err, &stdout, &stderr)
	}
	return stdout.Bytes(), nil
}
