package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/warmclient/warmclient/benchmarks/coldstart"
	"github.com/warmclient/warmclient/benchmarks/fleet"
	"github.com/warmclient/warmclient/benchmarks/growth"
	"github.com/warmclient/warmclient/benchmarks/holders"
	"github.com/warmclient/warmclient/benchmarks/internal/gobench"
	"github.com/warmclient/warmclient/benchmarks/readaside"
	"github.com/warmclient/warmclient/benchmarks/secrettimes"
)

// step is one part of a measurement. Steps run one after the other: two would
// measure each other.
type step struct {
	name string
	run  func(ctx context.Context, r *results) error
}

func measure(ctx context.Context, module string, p plan, progress io.Writer) (*results, error) {
	programs, err := os.MkdirTemp("", "warmclient-benchmarks-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(programs)
	r := &results{Machine: thisMachine(), Plan: p}
	steps := append(benchmarks(module, p),
		step{"holders: the hard cases", func(ctx context.Context, r *results) (err error) {
			r.Outcomes, err = holders.Outcomes(ctx)
			for _, o := range r.Outcomes {
				for i := range o.Callers { // what follows is a stack with paths of this machine
					o.Callers[i].Panic, _, _ = strings.Cut(o.Callers[i].Panic, "\n")
				}
			}
			return err
		}},
		step{"secrets: callers who come together", func(ctx context.Context, r *results) (err error) {
			r.Sharing, err = secrettimes.SharedReads(ctx, p.SecretRuns)
			return err
		}},
		step{"secrets: faults", func(ctx context.Context, r *results) (err error) {
			r.Faults, err = secrettimes.Times(ctx, p.SecretLimit, p.SecretRuns)
			return err
		}},
		step{"read-aside: callers who miss together", func(ctx context.Context, r *results) (err error) {
			r.Coalescing, err = readaside.Coalescing(ctx)
			return err
		}},
		step{"read-aside: the cache at fault", func(ctx context.Context, r *results) (err error) {
			r.Outages, err = readaside.Outages(ctx)
			return err
		}},
		step{"read-aside: a fleet", func(ctx context.Context, r *results) (err error) {
			r.Fleets, err = fleet.Run(ctx, module, fleet.Sizes(), p.FleetRequests)
			return err
		}},
		step{"cold start", func(ctx context.Context, r *results) error {
			functions, err := coldstart.Build(ctx, module, programs)
			if err != nil {
				return err
			}
			r.Starts, err = coldstart.Measure(ctx, functions, p.Starts, p.StartLimit)
			return err
		}},
		step{"growth: the local service", func(ctx context.Context, r *results) error {
			return loads(ctx, module, programs, p, r)
		}},
	)
	if err := run(ctx, r, steps, progress); err != nil {
		return nil, err
	}
	r.Machine.Took = time.Since(r.Machine.Started)
	for _, l := range r.Benchmarks {
		r.Machine.CPU = l.CPU
	}
	return r, nil
}

func run(ctx context.Context, r *results, steps []step, progress io.Writer) error {
	for i, s := range steps {
		start := time.Now()
		fmt.Fprintf(progress, "%2d/%d %s ...", i+1, len(steps), s.name)
		if err := s.run(ctx, r); err != nil {
			fmt.Fprintln(progress, " failed")
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Fprintf(progress, " %.1f s\n", time.Since(start).Seconds())
	}
	return nil
}

// benchmarks returns the steps that are Go benchmarks.
func benchmarks(module string, p plan) (steps []step) {
	for _, s := range []gobench.Suite{
		{Package: "./holders", Bench: "^BenchmarkWarm$", CPU: "1", Time: p.Time},
		{Package: "./holders", Bench: "^BenchmarkWarmParallel$", CPU: "1,2,8", Time: p.Time},
		{Package: "./holders", Bench: "^Benchmark(ColdStampede|FailureStorm)$", Time: p.StormTime},
		{Package: "./secrettimes", Bench: "^BenchmarkCachedRead$", CPU: "1,2,8", Time: p.Time},
		{Package: "./readaside", Bench: "^BenchmarkHit$", CPU: "1", Time: p.Time},
		{Package: "./readaside", Bench: "^BenchmarkLoopbackHit$", Time: p.LoopbackTime},
		{Package: "./growth", Bench: "^BenchmarkWarmReaders$", Time: p.Time},
	} {
		s.Count = p.Count
		steps = append(steps, step{s.Package[2:] + ": " + s.Bench, func(ctx context.Context, r *results) error {
			lines, err := gobench.Run(ctx, module, s)
			r.Benchmarks = append(r.Benchmarks, lines...)
			return err
		}})
	}
	return steps
}

func loads(ctx context.Context, module, programs string, p plan, r *results) (err error) {
	path, err := growth.Build(ctx, module, programs)
	if err != nil {
		return err
	}
	service, err := growth.StartService(ctx, path, "-serve", "-addr", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer func() {
		if stopErr := service.Stop(); err == nil {
			err = stopErr
		}
	}()
	if err := service.CreateUser(ctx); err != nil {
		return err
	}
	r.Loads, err = growth.Loads(ctx, service, growth.Clients, p.LoadRuns, p.LoadTime)
	return err
}
