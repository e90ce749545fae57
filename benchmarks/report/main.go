// Command report measures everything that this module compares, in one run. It
// prints the tables, and writes them and the plots where they can be kept:
//
//	go run ./benchmarks/report           # about ten minutes
//	go run ./benchmarks/report -quick    # two minutes at most, on two processors
//
// Nothing else should run on the machine meanwhile.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/warmclient/warmclient/benchmarks/holders"
	"github.com/warmclient/warmclient/benchmarks/internal/gobench"
)

func main() {
	holders.RunChild() // which is what some of the processes are that are measured
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(command(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

const usage = `usage: report [-quick] [-out directory]
       report -from results.json [-out directory]

  -quick  measure less often and for shorter: two minutes at most once all is built
  -out    where README.md, results.json, results.txt and plots are written
          (default the directory of the benchmarks)
  -from   measure nothing: print, write and draw the results of an earlier run
`

type options struct {
	quick     bool
	out, from string
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("report", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // its errors are printed by command, on one line
	flags.BoolVar(&o.quick, "quick", false, "")
	flags.StringVar(&o.out, "out", "", "")
	flags.StringVar(&o.from, "from", "", "")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if o.quick && o.from != "" {
		return o, errors.New("-quick and -from exclude each other")
	}
	return o, nil
}

func command(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(stderr, "report: %v (see -help)\n", err)
		return exitUsage
	}
	if err := report(ctx, o, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "report: %v\n", err)
		return exitFailed
	}
	return exitOK
}

func report(ctx context.Context, o options, stdout, progress io.Writer) error {
	module, err := gobench.Module(ctx)
	if err != nil {
		return err
	}
	if o.out == "" {
		o.out = module
	}
	r, err := obtain(ctx, module, o, progress)
	if err != nil {
		return err
	}
	if err := write(r, o.out); err != nil {
		return err
	}
	for _, s := range sections(r) {
		for _, t := range s.tables {
			fmt.Fprintf(stdout, "%s\n", t)
		}
	}
	fmt.Fprintf(stdout, "Measured on %s\nWritten to %s\n", r.Machine, filepath.Join(o.out, "README.md"))
	return nil
}

func obtain(ctx context.Context, module string, o options, progress io.Writer) (*results, error) {
	if o.from != "" {
		return load(o.from)
	}
	p := full
	if o.quick {
		p = quick
	}
	return measure(ctx, module, p, progress)
}
