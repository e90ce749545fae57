package secrettimes

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/warmclient/warmclient/benchmarks/internal/table"
)

// Sharing is the result of one contender for concurrent callers.
type Sharing struct {
	Contender string

	// One cold read.
	Operations map[string]int // the operations of the read

	// Concurrent callers of a cold secret, with a server that takes 20ms.
	Callers  int
	Requests int             // of the last run
	Took     []time.Duration // of each run until the last caller had the secret, ascending

	// Two callers of a cold secret that takes 200ms. The first is canceled after 50ms.
	SecondErr string // the error of the second caller; "" if it got the secret

	// The first caller waits for a server that hangs. The second caller has a deadline of 100ms.
	SecondLeft time.Duration // time until the second caller returned
}

const (
	coldCallers = 64
	latency     = 20 * time.Millisecond
	slow        = 200 * time.Millisecond
	join        = 20 * time.Millisecond
	cancelAfter = 50 * time.Millisecond
	short       = 100 * time.Millisecond
	patience    = 2 * time.Second
)

// operations are the operations that a cold read may call.
var operations = []string{"DescribeSecret", "GetSecretValue"}

// SharedReads runs every contender that a program calls on each request. It repeats the stampede
// runs times, because its duration varies.
func SharedReads(ctx context.Context, runs int) ([]Sharing, error) {
	cs := sharers()
	all := make([]Sharing, len(cs))
	for i, c := range cs {
		all[i] = Sharing{Contender: c.name, Callers: coldCallers}
		if err := coldRead(ctx, c, &all[i]); err != nil {
			return nil, fmt.Errorf("secrettimes: %s: %w", c.name, err)
		}
		for range runs {
			if err := coldStampede(ctx, c, &all[i]); err != nil {
				return nil, fmt.Errorf("secrettimes: %s: %w", c.name, err)
			}
		}
		slices.Sort(all[i].Took)
	}
	// These two mostly wait.
	var group errgroup.Group
	for i, c := range cs {
		group.Go(func() error { return canceledFirst(ctx, c, &all[i]) })
		group.Go(func() error { return impatientSecond(ctx, c, &all[i]) })
	}
	return all, group.Wait()
}

func coldRead(ctx context.Context, c contender, s *Sharing) error {
	server, err := serve()
	if err != nil {
		return err
	}
	defer server.end()
	_, err = c.new(server.url)(ctx)
	s.Operations = make(map[string]int)
	for _, op := range operations {
		if n := server.requests(op); n > 0 {
			s.Operations[op] = n
		}
	}
	return err
}

func coldStampede(ctx context.Context, c contender, s *Sharing) error {
	server, err := serve(latent(latency))
	if err != nil {
		return err
	}
	defer server.end()
	read := c.new(server.url)
	var callers errgroup.Group
	start := time.Now()
	for range coldCallers {
		callers.Go(func() error {
			_, err := read(ctx)
			return err
		})
	}
	err = callers.Wait()
	s.Took, s.Requests = append(s.Took, time.Since(start)), server.requests("")
	return err
}

func canceledFirst(ctx context.Context, c contender, s *Sharing) error {
	server, err := serve(latent(slow))
	if err != nil {
		return err
	}
	defer server.end()
	read := c.new(server.url)
	first, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	running.Go(func() { _, _ = read(first) })
	time.AfterFunc(cancelAfter, cancel)
	time.Sleep(join)
	if _, err := read(ctx); err != nil {
		s.SecondErr = err.Error()
	}
	running.Wait()
	return nil
}

func impatientSecond(ctx context.Context, c contender, s *Sharing) error {
	server, err := serve(hang)
	if err != nil {
		return err
	}
	defer server.end()
	read := c.new(server.url)
	patient, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var running sync.WaitGroup
	running.Go(func() { _, _ = read(patient) })
	time.Sleep(join)
	impatient, cancel := context.WithTimeout(ctx, short)
	defer cancel()
	start := time.Now()
	_, err = read(impatient)
	s.SecondLeft = time.Since(start)
	if err == nil {
		return fmt.Errorf("secrettimes: %s: got a secret from a server that hangs", c.name)
	}
	running.Wait()
	return nil
}

// SharingTable returns a table of the results. The last row is ours.
func SharingTable(all []Sharing) table.Table {
	t := table.Table{
		Title: "Secrets: callers who come together",
		Columns: []string{
			"", "requests per cold read", fmt.Sprintf("%d cold callers", coldCallers),
			"healthy second caller, first one canceled", "second caller with 100 ms, server hangs",
		},
	}
	runs := 0
	var ours table.Summary
	if len(all) > 0 {
		ours = table.Of(all[len(all)-1].Took)
	}
	for _, s := range all {
		took := table.Of(s.Took)
		runs = took.N
		var made []string
		for _, name := range operations {
			if n := s.Operations[name]; n > 0 {
				made = append(made, fmt.Sprintf("%d %s", n, name))
			}
		}
		second := "gets the secret"
		if s.SecondErr != "" {
			second = "fails"
		}
		t.Rows = append(t.Rows, []string{
			s.Contender,
			strings.Join(made, ", "),
			table.Plural(s.Requests, "request") + ", " + took.Beside(ours),
			second,
			fmt.Sprintf("returns after %d ms", s.SecondLeft.Milliseconds()),
		})
	}
	t.Note = fmt.Sprintf("Time until the last of the %d callers has the secret, from a server that takes %v: median of %d runs (least to "+
		"most), and as a multiple of ours. The server takes %v for the two callers; the first caller of a hanging server has %v; one run of each.",
		coldCallers, latency, runs, slow, patience)
	return t
}
