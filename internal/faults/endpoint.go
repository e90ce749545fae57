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

// Inject puts these faults in force in place of those before. The first that applies to a request
// decides about it. A request that waits in an old fault meets the new ones.
func (e *Endpoint) Inject(faults ...Fault) {
	e.faults.replace(faults)
	if e.faults.refusing() {
		e.Listener.ResetAll()
	}
}

// Heal takes all faults away and lets the requests go on that wait in one.
func (e *Endpoint) Heal() { e.Inject() }

// Around counts a request for op and runs serve at most once, when the fault in force for op lets
// it. It returns the fault that decides about the answer; serve has run if that fault's Action is
// Proceed. An error means that ctx is done and that no answer is expected.
func (e *Endpoint) Around(ctx context.Context, op string, serve func()) (Fault, error) {
	e.requests.Add(op)
	return e.faults.around(ctx, op, serve)
}

// Requests returns how many requests for op were received so far, whatever became of them; for ""
// those of every operation.
func (e *Endpoint) Requests(op string) int { return e.requests.Of(op) }

// Tally counts by name. The zero value is ready to use.
type Tally struct {
	mu     sync.Mutex
	counts map[string]int
	total  int
}

// Add counts one of name.
func (t *Tally) Add(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[string]int{}
	}
	t.counts[name]++
	t.total++
}

// Of returns the count of name, or of all names for "".
func (t *Tally) Of(name string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if name == "" {
		return t.total
	}
	return t.counts[name]
}
