package gobench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
)

// Suite says which benchmarks to run, and how.
type Suite struct {
	Package string // "./holders"
	Bench   string // regular expression, as of -bench
	CPU     string // as of -cpu; "": the number of processors
	Time    string // as of -benchtime
	Count   int
}

// Run runs a suite in a process of its own, in the directory of this module.
func Run(ctx context.Context, module string, s Suite) ([]Line, error) {
	args := []string{
		"test", "-vet=off", "-run=^$", "-timeout=30m", "-bench=" + s.Bench, "-benchtime=" + s.Time, "-count=" + strconv.Itoa(s.Count),
	}
	if s.CPU != "" {
		args = append(args, "-cpu="+s.CPU)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, s.Package)...)
	cmd.Dir = module
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("gobench: %s %s: %w\n%s%s", s.Package, s.Bench, err, &stdout, &stderr)
	}
	lines, err := Read(&stdout)
	if err == nil && len(lines) == 0 {
		err = errors.New("gobench: there is no such benchmark")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s %s", err, s.Package, s.Bench)
	}
	return lines, nil
}

// Module returns the directory of this module.
func Module(ctx context.Context) (string, error) {
	const name = "github.com/warmclient/warmclient/benchmarks"
	out, err := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", name).Output()
	if err != nil {
		return "", fmt.Errorf("gobench: find %s: %w; is this its repository?", name, err)
	}
	return string(bytes.TrimSpace(out)), nil
}
