package growth

import (
	"bytes"
	"sync"
)

// hits counts the lines of a service's log that tell of a read which the cache
// answered.
type hits struct {
	mu   sync.Mutex
	rest []byte // of the last, incomplete line
	n    int
}

func (h *hits) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rest = append(h.rest, b...)
	end := bytes.LastIndexByte(h.rest, '\n') + 1
	for line := range bytes.Lines(h.rest[:end]) {
		if bytes.Contains(line, []byte(`"get user: hit"`)) {
			h.n++
		}
	}
	h.rest = append(h.rest[:0], h.rest[end:]...)
	return len(b), nil
}

func (h *hits) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.n
}
