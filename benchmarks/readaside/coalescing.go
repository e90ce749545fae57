package readaside

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/warmclient/warmclient/benchmarks/internal/table"
)

// Coalesced is the result of one contender for concurrent misses.
type Coalesced struct {
	Contender string
	Loads     int // for Misses concurrent callers of one key
	Failed    int // of Healthy callers, if the first caller is canceled
}

// The numbers of callers.
const (
	Misses  = 100
	Healthy = 10
)

const (
	loadTime    = 50 * time.Millisecond
	slowLoad    = 200 * time.Millisecond
	join        = 20 * time.Millisecond
	cancelAfter = 50 * time.Millisecond
)

// Coalescing runs every contender.
func Coalescing(ctx context.Context) ([]Coalesced, error) {
	var all []Coalesced
	for _, c := range contenders() {
		loads, err := missTogether(ctx, c)
		if err != nil {
			return nil, fmt.Errorf("readaside: %s: %w", c.name, err)
		}
		failed, err := cancelFirst(ctx, c)
		if err != nil {
			return nil, fmt.Errorf("readaside: %s: %w", c.name, err)
		}
		all = append(all, Coalesced{c.name, loads, failed})
	}
	return all, nil
}

func missTogether(ctx context.Context, c contender) (int, error) {
	var loads atomic.Int64
	get, err := c.new(new(memory), loadAfter(loadTime, func() { loads.Add(1) }))
	if err != nil {
		return 0, err
	}
	errs := make([]error, Misses)
	var callers sync.WaitGroup
	for i := range errs {
		callers.Go(func() { _, errs[i] = get(ctx, "ann") })
	}
	callers.Wait()
	for _, err := range errs {
		if err != nil {
			return 0, err
		}
	}
	return int(loads.Load()), nil
}

func cancelFirst(ctx context.Context, c contender) (failed int, err error) {
	get, err := c.new(new(memory), loadAfter(slowLoad, func() {}))
	if err != nil {
		return 0, err
	}
	first, cancel := context.WithCancel(ctx)
	defer cancel()
	time.AfterFunc(cancelAfter, cancel)
	var callers sync.WaitGroup
	callers.Go(func() { _, _ = get(first, "ann") })
	time.Sleep(join)
	errs := make([]error, Healthy)
	for i := range errs {
		callers.Go(func() { _, errs[i] = get(ctx, "ann") })
	}
	callers.Wait()
	for _, err := range errs {
		if err != nil {
			failed++
		}
	}
	return failed, nil
}

// CoalescingTable returns a table of the results.
func CoalescingTable(all []Coalesced) table.Table {
	t := table.Table{
		Title: "Read-aside: callers who miss together",
		Columns: []string{
			"", fmt.Sprintf("loads for %d concurrent misses", Misses),
			"waiters that fail when the first caller is canceled",
		},
		Note: fmt.Sprintf("One run each. A load takes %v for the misses, and %v for the waiters, whose first caller is canceled after %v.",
			loadTime, slowLoad, cancelAfter),
	}
	for _, c := range all {
		t.Rows = append(t.Rows, []string{c.Contender, fmt.Sprint(c.Loads), fmt.Sprintf("%d of %d", c.Failed, Healthy)})
	}
	return t
}
