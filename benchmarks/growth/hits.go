package growth

import (
	"bytes"
	"sync"
)

var hit = []byte(`"get user: hit"`)

// hits counts the lines of a service's log that tell of a read which the cache answered.
type hits struct {
	mu   sync.Mutex
	rest []byte // what may be the beginning of another
	n    int
}

func (h *hits) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rest = append(h.rest, b...)
	h.n += bytes.Count(h.rest, hit)
	h.rest = h.rest[max(0, len(h.rest)-len(hit)+1):]
	return len(b), nil
}

func (h *hits) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.n
}
