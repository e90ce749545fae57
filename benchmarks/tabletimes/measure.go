package tabletimes

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	tables "github.com/warmclient/warmclient/benchmarks/internal/table"
)

// Thaw is the result of one contender after a freeze in which its connections died.
type Thaw struct {
	Contender string
	Failed    []int           // requests before the first successful one, of each run
	Took      []time.Duration // until the first success
}

// Busy is the result of one contender's writes to a busy table.
type Busy struct {
	Contender string
	State     string
	Succeeded []int           // of each run
	Took      []time.Duration // until the last write had ended
}

const (
	dead     = 8               // connections
	deadline = time.Second     // of a read
	within   = 3 * time.Second // of a write
	writes   = 30              // concurrent
	answer   = 5 * time.Millisecond
	meeting  = 100 * time.Millisecond // long enough that each of the first reads has a separate connection
)

// state is a state of a busy table.
type state struct {
	name      string
	throttles time.Duration
	write     func(c client) func(ctx context.Context, username string) error
}

func states() []state {
	put := func(c client) func(context.Context, string) error { return c.put }
	return []state{
		{"throttles for 200 ms", 200 * time.Millisecond, put},
		{"throttles for 1 s", time.Second, put},
		{"throttles for 2 s", 2 * time.Second, put},
		{"one transaction at a time", 0, func(c client) func(context.Context, string) error { return c.join }},
	}
}

// Thaws measures every contender. The runs mostly wait, so they overlap.
func Thaws(ctx context.Context, runs int) ([]Thaw, error) {
	all := make([]Thaw, len(contenders()))
	var group errgroup.Group
	for i, c := range contenders() {
		all[i] = Thaw{c.name, make([]int, runs), make([]time.Duration, runs)}
		for run := range runs {
			group.Go(func() (err error) {
				all[i].Failed[run], all[i].Took[run], err = thaw(ctx, c)
				return err
			})
		}
	}
	return all, group.Wait()
}

func thaw(ctx context.Context, c contender) (failed int, took time.Duration, err error) {
	t := start(meeting)
	defer t.Close()
	client, err := c.new(t.config())
	if err != nil {
		return 0, 0, err
	}
	var first errgroup.Group
	for range dead {
		first.Go(func() error { return client.get(ctx) })
	}
	if err := first.Wait(); err != nil {
		return 0, 0, fmt.Errorf("tabletimes: %s: read before the freeze: %w", c.name, err)
	}
	time.Sleep(meeting) // until the connections are idle
	t.age.Add(1)
	began := time.Now()
	for ctx.Err() == nil && failed < 2*dead {
		ctx, cancel := context.WithTimeout(ctx, deadline)
		err := client.get(ctx)
		cancel()
		if err == nil {
			break
		}
		failed++
	}
	return failed, time.Since(began), context.Cause(ctx)
}

// BusyTables measures every contender in every state, two at a time, because they mostly wait.
func BusyTables(ctx context.Context, runs int) ([]Busy, error) {
	all := make([]Busy, len(contenders())*len(states()))
	for range runs {
		var group errgroup.Group
		group.SetLimit(2)
		for i, c := range contenders() {
			for j, s := range states() {
				b := &all[i*len(states())+j]
				b.Contender, b.State = c.name, s.name
				group.Go(func() error {
					n, took, err := write(ctx, c, s)
					b.Succeeded, b.Took = append(b.Succeeded, n), append(b.Took, took)
					return err
				})
			}
		}
		if err := group.Wait(); err != nil {
			return nil, fmt.Errorf("tabletimes: %w", err)
		}
	}
	return all, ctx.Err()
}

func write(ctx context.Context, c contender, s state) (succeeded int, took time.Duration, err error) {
	t := start(answer)
	defer t.Close()
	client, err := c.new(t.config())
	if err != nil {
		return 0, 0, err
	}
	until := time.Now().Add(s.throttles)
	t.throttled.Store(&until)
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	var good atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for i := range writes {
		all.Go(func() {
			if s.write(client)(ctx, "user"+strconv.Itoa(i)) == nil {
				good.Add(1)
			}
		})
	}
	all.Wait()
	return int(good.Load()), time.Since(began), nil
}

// ThawTable returns a table of thaws.
func ThawTable(all []Thaw) tables.Table {
	t := tables.Table{Title: "DynamoDB: after a freeze", Columns: []string{"", "failed requests", "first good answer after"}}
	for _, c := range all {
		t.Rows = append(t.Rows, []string{c.Contender, tables.Of(c.Failed).Numbers(), tables.Of(c.Took).Spread()})
		t.Note = fmt.Sprintf("%d kept connections died in the freeze, as behind a NAT gateway: what is sent on them gets no answer. Reads with a "+
			"deadline of %v, one after the other, until one succeeds; the table answers in %v. Median (least to most) of %d runs.",
			dead, deadline, meeting, len(c.Took))
	}
	return t
}

// BusyTable returns a table of writes to busy tables.
func BusyTable(all []Busy) tables.Table {
	t := tables.Table{Title: "DynamoDB: throttling and conflicts", Columns: []string{""}}
	ss := states()
	for _, s := range ss {
		t.Columns = append(t.Columns, "table "+s.name)
	}
	t.Columns[len(ss)] = ss[len(ss)-1].name
	t.Rows = tables.Grid(all, len(ss), func(b Busy) string { return b.Contender }, func(b Busy) string {
		t.Note = fmt.Sprintf("Of %d writes at once, those that succeed within %v, and the time until the last one has ended. A write takes %v. "+
			"Median (least to most) of %d runs.", writes, within, answer, len(b.Took))
		return tables.Of(b.Succeeded).Numbers() + " in " + tables.Of(b.Took).Spread()
	})
	return t
}
