package coldstart

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
)

// The names of the programs.
const (
	Tutorial = "tutorial"
	Ours     = "examples/getuser"
	Local    = "examples/local" // started by package growth
)

// Programs are executables by name.
type Programs map[string]string

// Build builds all programs into dir, with the flags used for Lambda. module is the directory of
// this module. The directory of the examples must be next to it.
func Build(ctx context.Context, module, dir string) (Programs, error) {
	programs := Programs{}
	for _, p := range []struct{ name, from, pkg string }{
		{Tutorial, module, "./coldstart/tutorial"},
		{Ours, filepath.Join(module, "..", "examples"), "./getuser"},
		{Local, filepath.Join(module, "..", "examples"), "./local"},
	} {
		path := filepath.Join(dir, filepath.Base(p.pkg))
		cmd := exec.CommandContext(ctx, "go", "build", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", path, p.pkg)
		cmd.Dir = p.from
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("coldstart: build %s: %w: %s", p.name, err, out)
		}
		programs[p.name] = path
	}
	return programs, nil
}

// apart is the time between two overlapping starts, which mostly wait. The CPU work of a start
// takes less time than that.
const apart = 300 * time.Millisecond

// Measure starts each program runs times in each scenario, alternately. In the healthy scenario, a
// start begins when the previous one has ended. In scenarios with a fault of Momento, starts
// overlap and begin apart after each other. limit is the time limit of a request.
func Measure(ctx context.Context, programs Programs, runs int, limit time.Duration) ([]Start, error) {
	var all []Start
	for _, scenario := range scenarios {
		starts, err := measure(ctx, programs, scenario, runs, limit)
		if err != nil {
			return nil, err
		}
		all = append(all, starts...)
	}
	return all, nil
}

func isWell(scenario string) bool { return scenario == Healthy || scenario == Valkey }

func measure(ctx context.Context, programs Programs, scenario string, runs int, limit time.Duration) ([]Start, error) {
	names := []string{Tutorial, Ours}
	if scenario == Valkey {
		names = []string{Ours}
	}
	starts := make([]Start, runs*len(names))
	group, ctx := errgroup.WithContext(ctx)
	if isWell(scenario) {
		group.SetLimit(1)
	}
	for i := range starts {
		name := names[i%len(names)]
		if !isWell(scenario) && i > 0 {
			time.Sleep(apart)
		}
		group.Go(func() (err error) {
			starts[i], err = start(ctx, programs[name], scenario, limit, new(log))
			starts[i].Program = name
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	hits := 0
	for _, s := range starts {
		if s.Loads <= 1 {
			hits++
		}
	}
	if isWell(scenario) && hits < len(starts)*3/4 {
		return nil, fmt.Errorf("coldstart: %s: %d of %d second requests were cache hits", scenario, hits, len(starts))
	}
	return starts, nil
}
