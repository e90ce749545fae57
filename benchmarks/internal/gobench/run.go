package gobench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Suite says which benchmarks to run, and how.
type Suite struct {
	Package string // "./holders"
	Bench   string // regular expression, as of -bench
	CPU     string // as of -cpu; "": the number of processors
	Time    string // as of -benchtime
	Count   int
}

// Run runs a suite in processes of its own, in the directory of its package. All of it is run Count times, rather
// than each benchmark Count times in a row: a machine that is slow for a while then strikes all contenders.
func Run(ctx context.Context, module string, s Suite) ([]Line, error) {
	dir, err := os.MkdirTemp("", "gobench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "bench.test")
	if _, err := output(exec.CommandContext(ctx, "go", "test", "-c", "-o", binary, s.Package), module); err != nil {
		return nil, fmt.Errorf("gobench: build %s: %w", s.Package, err)
	}
	args := []string{"-test.run=^$", "-test.timeout=30m", "-test.bench=" + s.Bench, "-test.benchtime=" + s.Time}
	if s.CPU != "" {
		args = append(args, "-test.cpu="+s.CPU)
	}
	var all []Line
	for range s.Count {
		out, err := output(exec.CommandContext(ctx, binary, args...), filepath.Join(module, s.Package))
		if err != nil {
			return nil, fmt.Errorf("gobench: %s %s: %w", s.Package, s.Bench, err)
		}
		lines, err := Read(bytes.NewReader(out))
		if err == nil && len(lines) == 0 {
			err = errors.New("gobench: there is no such benchmark")
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %s %s", err, s.Package, s.Bench)
		}
		all = append(all, lines...)
	}
	return all, nil
}

func output(cmd *exec.Cmd, dir string) ([]byte, error) {
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w\n%s%s", err, &stdout, &stderr)
	}
	return stdout.Bytes(), nil
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
