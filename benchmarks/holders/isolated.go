package holders

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/warmclient/warmclient/benchmarks/internal/table"
)

// envCase is the environment variable that selects one case of one contender in a child process.
const envCase = "WARMCLIENT_BENCHMARKS_HOLDERS_CASE"

const (
	processLimit = 10 * time.Second
	atOnce       = 8 // the processes mostly sleep
)

// RunChild runs one case and exits if the process was started by Outcomes. A program that calls
// Outcomes must call RunChild at the beginning of main.
func RunChild() {
	name := os.Getenv(envCase)
	if name == "" {
		return
	}
	contenderName, caseName, _ := strings.Cut(name, "\n")
	for _, c := range contenders() {
		for _, h := range hardCases() {
			if c.name == contenderName && h.name == caseName {
				if err := json.NewEncoder(os.Stdout).Encode(h.run(c.share)); err != nil {
					panic(err)
				}
				os.Exit(0)
			}
		}
	}
	panic("holders: no such case: " + name)
}

// Outcomes runs every case of every contender, each in a separate process, and returns the outcomes
// in the order of the table. It returns an error if a case could not be run, not if a contender
// failed it.
func Outcomes(ctx context.Context) ([]Outcome, error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cs, hs := contenders(), hardCases()
	outcomes := make([]Outcome, len(cs)*len(hs))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, c := range cs {
		for j, h := range hs {
			group.Go(func() (err error) {
				outcomes[i*len(hs)+j], err = isolated(ctx, executable, c, h)
				return err
			})
		}
	}
	return outcomes, group.Wait()
}

func isolated(ctx context.Context, executable string, c contender, h hardCase) (o Outcome, err error) {
	ctx, cancel := context.WithTimeout(ctx, processLimit)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, executable)
	cmd.Env = append(os.Environ(), envCase+"="+c.name+"\n"+h.name)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = time.Second

	err = cmd.Run()
	_, exited := errors.AsType[*exec.ExitError](err)
	switch {
	case ctx.Err() != nil:
		return o, fmt.Errorf("holders: %s, %s: %w", c.name, h.name, context.Cause(ctx))
	case exited:
		o.LastWords, _, _ = strings.Cut(stderr.String(), "\n") // the rest is a stack trace with paths of this machine
	case err != nil:
		return o, fmt.Errorf("holders: %s, %s: %w", c.name, h.name, err)
	default:
		if err := json.Unmarshal(stdout.Bytes(), &o); err != nil {
			return o, fmt.Errorf("holders: %s, %s: %w", c.name, h.name, err)
		}
	}
	o.Contender, o.Case = c.name, h.name
	if exited {
		o.Verdict = "ends the process"
	} else {
		o.Verdict = h.verdict(o)
	}
	return o, nil
}

// Table returns a table of outcomes, which must be in the order that Outcomes returns.
func Table(outcomes []Outcome) table.Table {
	hs := hardCases()
	t := table.Table{
		Title:   "Holders: the hard cases",
		Columns: []string{""},
		Note: fmt.Sprintf("Each cell is one process. Failure storm: %d callers, an open that fails after %v; the time is the last "+
			"caller's. First caller canceled: after %v of an open of %v, for which a second caller waits.",
			stormCallers, failAfter, cancelAfter, slowOpen),
		Rows: table.Grid(outcomes, len(hs), func(o Outcome) string { return o.Contender }, func(o Outcome) string { return o.Verdict }),
	}
	for _, h := range hs {
		t.Columns = append(t.Columns, h.name)
	}
	return t
}
