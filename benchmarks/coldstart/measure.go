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
	Local    = "examples/local" // which package growth starts
)

// Programs are executables by name.
type Programs map[string]string

// Build builds all programs into dir, as for Lambda. module is the directory of this module, beside
// which it expects that of the examples.
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

// apart is the time between two starts that overlap, most of which is waiting. A start's own work
// is over long before.
const apart = 300 * time.Millisecond

// Measure starts each program runs times in each scenario, by turns. Where all is well, one starts
// when the other has ended; where Momento is not, starts overlap, apart from each other. limit is
// how long a request may take.
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
	return starts, group.Wait()
}
