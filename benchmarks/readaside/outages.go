package readaside

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/warmclient/warmclient/benchmarks/internal/table"
	"github.com/warmclient/warmclient/readaside"
)

// Outage is the result of one contender during one fault of the cache.
type Outage struct {
	Contender string
	Fault     string
	First     Request
	Later     Request // the tenth; a circuit breaker may be open by then
}

// Request is how one request with a deadline ended.
type Request struct {
	Took      time.Duration
	Err       string `json:",omitempty"`
	Wrong     bool   `json:",omitempty"` // the wrong user was returned
	Abandoned bool   `json:",omitempty"` // the request has not returned long after the deadline
}

// Good reports whether the caller got the requested user.
func (r Request) Good() bool { return r.Err == "" && !r.Wrong && !r.Abandoned }

const (
	deadline     = 300 * time.Millisecond // of the caller
	outageLoad   = 5 * time.Millisecond   // duration of a load from the table
	abandonAfter = time.Second
	requests     = 10
)

// cacheFault is a fault of a cache that contains ann.
type cacheFault struct {
	name  string
	start func(m *memory, over <-chan struct{})
}

func cacheFaults() []cacheFault {
	inject := func(m *memory, f func(context.Context) error) { m.fault.Store(&f) }
	return []cacheFault{
		{"hangs", func(m *memory, over <-chan struct{}) {
			inject(m, func(ctx context.Context) error {
				select {
				case <-ctx.Done():
					return context.Cause(ctx)
				case <-over:
					return errors.New("over")
				}
			})
		}},
		{"hangs, ignores its context", func(m *memory, over <-chan struct{}) {
			inject(m, func(context.Context) error {
				<-over
				return errors.New("over")
			})
		}},
		{"refuses", func(m *memory, _ <-chan struct{}) {
			inject(m, func(context.Context) error { return errors.New("connection refused") })
		}},
		{"answers garbage", func(m *memory, _ <-chan struct{}) {
			m.each(func([]byte) []byte { return []byte("\x93garbage\x00") })
		}},
		{"answers with another user", func(m *memory, _ <-chan struct{}) {
			var bob []byte
			m.each(func(b []byte) []byte { // the keys are ann's and bob's, the values differ in the name only
				if bob == nil || string(b) > string(bob) {
					bob = b
				}
				return b
			})
			m.each(func([]byte) []byte { return bob })
		}},
	}
}

// Outages runs every contender with every fault. It takes a few seconds.
func Outages(ctx context.Context) ([]Outage, error) {
	cs, fs := contenders(), cacheFaults()
	all := make([]Outage, len(cs)*len(fs))
	var group errgroup.Group
	for i, c := range cs {
		for j, f := range fs {
			group.Go(func() (err error) {
				all[i*len(fs)+j], err = outage(ctx, c, f)
				return err
			})
		}
	}
	return all, group.Wait()
}

func outage(ctx context.Context, c contender, f cacheFault) (Outage, error) {
	o := Outage{Contender: c.name, Fault: f.name}
	m := new(memory)
	get, err := c.new(m, loadAfter(outageLoad, func() {}))
	if err != nil {
		return o, err
	}
	for _, username := range []string{"ann", "bob"} {
		if _, err := get(ctx, username); err != nil {
			return o, fmt.Errorf("readaside: %s: fill the cache: %w", c.name, err)
		}
	}
	time.Sleep(join) // some contenders fill in the background
	over := make(chan struct{})
	defer close(over)
	f.start(m, over)
	for i := range requests {
		r := request(ctx, get)
		if i == 0 {
			o.First = r
		}
		o.Later = r
		if r.Abandoned {
			break // the other requests would not return either
		}
	}
	return o, nil
}

func request(ctx context.Context, get read) Request {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	start := time.Now()
	ended := make(chan Request, 1)
	go func() {
		u, err := get(ctx, "ann")
		r := Request{Took: time.Since(start), Wrong: err == nil && u != userOf("ann")}
		if err != nil {
			r.Err = err.Error()
		}
		ended <- r
	}()
	select {
	case r := <-ended:
		return r
	case <-time.After(abandonAfter):
		return Request{Took: abandonAfter, Abandoned: true}
	}
}

// OutagesTable returns a table of outages, with a row for each contender and a column for each
// fault.
func OutagesTable(all []Outage) table.Table {
	t := table.Table{
		Title:   "Read-aside: a request while the cache is at fault",
		Columns: []string{""},
		Note: fmt.Sprintf("The first and the %dth of requests one after the other, for a user whom the cache holds, with a deadline of %v; "+
			"the table answers in %v. One run each.", requests, deadline, outageLoad),
	}
	fs := cacheFaults()
	t.Rows = table.Grid(all, len(fs), func(o Outage) string { return o.Contender }, func(o Outage) string {
		if o.First.Abandoned {
			return o.First.String()
		}
		return o.First.String() + ", then " + o.Later.String()
	})
	for _, f := range fs {
		t.Columns = append(t.Columns, "cache "+f.name)
	}
	return t
}

// String returns the result in one word, and the time.
func (r Request) String() string {
	ms := fmt.Sprintf("%.0f ms", float64(r.Took)/float64(time.Millisecond))
	switch {
	case r.Abandoned:
		return "hangs"
	case r.Wrong:
		return "wrong user"
	case r.Err != "":
		return "fails " + ms
	default:
		return "ok " + ms
	}
}

var _ readaside.Cache = (*memory)(nil)
