package faults

import (
	"context"
	"sync"
)

// Endpoint is a loopback port with faults and a count of requests. It is safe for concurrent use by
// multiple goroutines.
type Endpoint struct {
	Listener *Listener
	faults   *set
	requests Tally
}

// NewEndpoint listens on a free port of 127.0.0.1.
func NewEndpoint() (*Endpoint, error) {
	faults := newSet()
	l, err := listen(faults.refusing)
	if err != nil {
		return nil, err
	}
	return &Endpoint{Listener: l, faults: faults}, nil
}

// Addr returns the server's address, 127.0.0.1:port.
func (e *Endpoint) Addr() string { return e.Listener.Addr().String() }

// Inject replaces the active faults. The first fault that matches a request applies to it. The new
// faults also apply to requests that wait in an old one.
func (e *Endpoint) Inject(faults ...Fault) {
	e.faults.replace(faults)
	if e.faults.refusing() {
		e.Listener.ResetAll()
	}
}

// Heal removes all faults. Requests that wait in one are served.
func (e *Endpoint) Heal() { e.Inject() }

// Around counts a request for op and calls serve at most once, when the active fault for op allows
// it. It returns the fault that determines the answer. If the Action of that fault is Proceed,
// serve was called. Around returns an error if ctx is done, in which case the client expects no
// answer.
func (e *Endpoint) Around(ctx context.Context, op string, serve func()) (Fault, error) {
	e.requests.Add(op)
	return e.faults.around(ctx, op, serve)
}

// Requests returns the number of requests received for op, including failed ones. If op is "", it
// counts all operations.
func (e *Endpoint) Requests(op string) int { return e.requests.Of(op) }

// A Tally counts events by name. The zero value is ready to use.
type Tally struct {
	mu     sync.Mutex
	counts map[string]int
	total  int
}

// Add adds one to the count of name.
func (t *Tally) Add(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[string]int{}
	}
	t.counts[name]++
	t.total++
}

// Of returns the count of name, or the total if name is "".
func (t *Tally) Of(name string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if name == "" {
		return t.total
	}
	return t.counts[name]
}
