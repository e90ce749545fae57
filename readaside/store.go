package readaside

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Options configures a [Store]. The zero value is valid: every read is a load.
type Options struct {
	// Cache is asked before a load. If nil, every Get is a load.
	Cache Cache
	// Prefix keeps services that share a cache apart. It is required where Cache is set.
	Prefix string
	// CacheTimeout bounds what the cache may cost: all cache calls of one read together, those
	// before a write, and those after it. Half of the caller's remaining time bounds the first
	// two as well. The default is 50ms.
	CacheTimeout time.Duration
	// WriteTimeout bounds the function given to Write. The default is 3s.
	WriteTimeout time.Duration
	// Observe, if not nil, is called after each step and delays the call while it runs. It must be
	// safe for concurrent use by multiple goroutines. Its ctx carries the values of a caller's.
	Observe func(ctx context.Context, e Event)
}

// A Store is what the Readers of one cache share: its health, the in-flight loads, and the
// entries that are still to be deleted from it. It is safe for concurrent use by multiple
// goroutines.
type Store struct {
	opt           Options
	reads, writes *breaker // of Cache.Get, and of all other calls
	loads         loads
	pending       pending

	mu    sync.Mutex
	names map[string]bool // of the Readers' entities
}

// NewStore returns a Store. It calls nothing. The error names an option that cannot work: a Cache
// without a Prefix, or a negative duration.
func NewStore(o Options) (*Store, error) {
	switch {
	case o.Cache != nil && o.Prefix == "":
		return nil, errors.New("readaside: new store: Options.Prefix is required where Options.Cache is set")
	case o.CacheTimeout < 0:
		return nil, fmt.Errorf("readaside: new store: Options.CacheTimeout is negative: %v", o.CacheTimeout)
	case o.WriteTimeout < 0:
		return nil, fmt.Errorf("readaside: new store: Options.WriteTimeout is negative: %v", o.WriteTimeout)
	}
	o.CacheTimeout = cmp.Or(o.CacheTimeout, 50*time.Millisecond)
	o.WriteTimeout = cmp.Or(o.WriteTimeout, 3*time.Second)
	return &Store{opt: o, reads: newBreaker(), writes: newBreaker(), names: make(map[string]bool), loads: loads{keys: make(map[string]*load)}}, nil
}

// register reports whether name was free.
func (s *Store) register(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.names[name]
	s.names[name] = true
	return !taken
}

func (s *Store) observe(ctx context.Context, e Event) {
	if s.opt.Observe != nil {
		s.opt.Observe(ctx, e)
	}
}

// plus returns d + extra, or d where that overflows.
func plus(d, extra time.Duration) time.Duration { return max(d, d+extra) }
