package emulator

import "sync"

// endpoint is what the three servers have in common: a port, a fault switch and a tally.
type endpoint struct {
	listener *listener
	faults   *faults
	requests tally
}

func newEndpoint() (*endpoint, error) {
	faults := newFaults()
	l, err := listen(faults.refusing)
	if err != nil {
		return nil, err
	}
	return &endpoint{listener: l, faults: faults}, nil
}

// Addr returns the server's address, 127.0.0.1:port.
func (e *endpoint) Addr() string { return e.listener.Addr().String() }

// Inject puts these faults in force in place of those before. The first that applies to a request
// decides about it. A request that waits in an old fault meets the new ones.
func (e *endpoint) Inject(faults ...Fault) {
	e.faults.set(faults)
	if e.faults.refusing() {
		e.listener.resetAll()
	}
}

// Heal takes all faults away and lets the requests go on that wait in one.
func (e *endpoint) Heal() { e.Inject() }

// Requests returns how many requests for op were received so far, whatever became of them; for ""
// those of every operation.
func (e *endpoint) Requests(op string) int { return e.requests.of(op) }

// tally counts by name. The zero value is ready for use.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
	total  int
}

func (t *tally) add(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[string]int{}
	}
	t.counts[name]++
	t.total++
}

func (t *tally) of(name string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if name == "" {
		return t.total
	}
	return t.counts[name]
}
