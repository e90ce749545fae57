// Command report runs all measurements of this module, prints the tables, and writes README.md, its
// plots and the results:
//
//	go run ./benchmarks/report           # about nine minutes, twelve at most
//	go run ./benchmarks/report -quick    # two minutes at most, on two processors
//
// Run nothing else on the machine at the same time.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/warmclient/warmclient/benchmarks/holders"
)

// limit is the maximum duration of a run. A run that exceeds it writes nothing.
const limit = 12 * time.Minute

func main() {
	holders.RunChild() // the process may be a child started for a measurement
	var quick bool
	var from, out string
	flag.BoolVar(&quick, "quick", false, "measure less often and for shorter: two minutes at most once all is built")
	flag.StringVar(&from, "from", "", "measure nothing: write the report of the results in this `directory`")
	flag.StringVar(&out, "out", "", "write to this `directory` (default that of the benchmarks)")
	flag.Parse()
	if flag.NArg() > 0 || quick && from != "" {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := report(ctx, quick, from, out, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintf(os.Stderr, "report: %v\n", err)
		stop()
		os.Exit(1)
	}
}

// report reads the results in the directory from, or measures if from is empty. It prints the
// tables and writes the report to the directory out.
func report(ctx context.Context, isQuick bool, from, out string, stdout, progress io.Writer) error {
	dir, err := moduleDir(ctx)
	if err != nil {
		return err
	}
	if out == "" {
		out = dir
	}
	if from == "" {
		p := full
		if isQuick {
			p = quick
		}
		ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not done within %v", limit))
		defer cancel()
		r, err := measure(ctx, dir, p, progress)
		if err != nil {
			return err
		}
		if err := r.save(out); err != nil {
			return err
		}
		from = out
	}
	r, err := load(from)
	if err != nil {
		return err
	}
	if err := write(r, out); err != nil {
		return err
	}
	for _, s := range sections(r) {
		for _, t := range s.Tables {
			if len(t.Rows) > 0 {
				fmt.Fprintln(stdout, t)
			}
		}
	}
	return nil
}

func moduleDir(ctx context.Context) (string, error) {
	const name = "github.com/warmclient/warmclient/benchmarks"
	out, err := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", name).Output()
	if err != nil {
		return "", fmt.Errorf("find %s: %w; is this its repository?", name, err)
	}
	return strings.TrimSpace(string(out)), nil
}
