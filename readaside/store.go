package readaside

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/warmclient/warmclient/internal/guard"
)

// Options configures a [Store]. The zero value is valid: every read is a load.
type Options struct {
	// Cache is asked before a load. If nil, every Get is a load.
	Cache Cache
	// Prefix keeps services that share a cache apart. It is required where Cache is set.
	Prefix string
	// CacheTimeout bounds what the cache may cost: all cache calls of one read together, those
	// before a write, and those after it. Half of the caller's remaining time bounds the first two
	// as well. The default is 50ms.
	CacheTimeout time.Duration
	// WriteTimeout bounds the function given to Write. The default is 3s.
	WriteTimeout time.Duration
	// Observe, if not nil, is called after each step and delays the call while it runs. It must be
	// safe for concurrent use by multiple goroutines. Its ctx carries a caller's values.
	Observe func(ctx context.Context, e Event)
}

// A Store is what the Readers of one cache share: its health, the in-flight loads, and the entries
// that are still to be deleted from it. It is safe for concurrent use by multiple goroutines.
type Store struct {
	opt           Options
	reads, writes *breaker // of Cache.Get, and of all other calls
	loads         loads
	pending       pending
	names         sync.Map // of the Readers' entities
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
	if o.Observe == nil {
		o.Observe = func(context.Context, Event) {}
	}
	return &Store{opt: o, reads: newBreaker(), writes: newBreaker(),
		loads: loads{keys: make(map[string]*load)}, pending: pending{items: make(map[string]*item)}}, nil
}

// plus returns d + extra, or d where that overflows.
func plus(d, extra time.Duration) time.Duration { return max(d, d+extra) }

// atMostHalf returns d, or half of the time that ctx has left if that is less.
func atMostHalf(ctx context.Context, d time.Duration) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		d = min(d, time.Until(deadline)/2)
	}
	return d
}

var (
	// errUncounted is what a breaker is told of a call that says nothing about the cache.
	errUncounted   = errors.New("readaside: not counted")
	errNoTime      = errors.New("readaside: no time is left for the cache")
	errPending     = errors.New("readaside: a write has not reached the cache yet")
	errPendingFull = errors.New("readaside: too many writes have not reached the cache: this one is not repeated")
)

// A breaker is a circuit breaker for one kind of cache call. Three failures in a row open it for a
// second. Then one call probes.
type breaker = gobreaker.TwoStepCircuitBreaker[struct{}]

func newBreaker() *breaker {
	return gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Timeout:     time.Second - 1, // gobreaker counts the last instant as open
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= 3 },
		IsExcluded:  func(err error) bool { return err == errUncounted },
	})
}

// A cacheCall makes one call of the cache. It reports whether that did what was asked.
type cacheCall = func(ctx context.Context) (stored bool, err error)

// ask makes one call of the cache, which may take as long as left. It sets the Outcome of e to
// Stored or NotStored, as call reports, or to CacheFailed or CacheSkipped, and Took and Err, even
// where call panics, or ends the goroutine. With force, call is made whatever the breaker says. A
// call whose ctx has ended is not counted, but for a lease that had half of CacheTimeout: its ctx
// is no caller's, and ends when the time of one of them does.
func (s *Store) ask(ctx context.Context, left time.Duration, force bool, e *Event, call cacheCall) {
	b := s.writes
	if e.Op == OpGet {
		b = s.reads
	}
	e.Outcome, e.Err = CacheSkipped, errNoTime
	if left <= 0 {
		return
	}
	var report func(error)
	if report, e.Err = b.Allow(); e.Err != nil && !force {
		return
	}
	began, enough := time.Now(), s.opt.CacheTimeout/2
	within, cancel := context.WithDeadline(ctx, began.Add(left))
	stored, err := false, guard.ErrGoexit // what remains if the cache ends this goroutine
	defer func() {
		cancel()
		e.Took, e.Err = time.Since(began), err
		switch {
		case err == nil && stored:
			e.Outcome = Stored
		case err == nil:
			e.Outcome = NotStored
		case errors.Is(err, ErrNotReady):
			e.Outcome, err = CacheSkipped, errUncounted
		case left < enough || ctx.Err() != nil && (e.Op != OpLease || e.Took < enough):
			e.Outcome, err = CacheFailed, errUncounted
		default:
			e.Outcome = CacheFailed
		}
		if report != nil {
			report(err)
		}
	}()
	stored, err = guard.Call(func() (bool, error) { return call(within) })
}

// maxPending is how many keys a Store remembers whose second step is to be repeated.
const maxPending = 1024

// pending are the items of a Store whose second step was not acknowledged.
type pending struct {
	repeating sync.Mutex   // held while second steps are repeated
	n         atomic.Int32 // len(items)
	mu        sync.Mutex
	items     map[string]*item // by key
}

func (p *pending) has(key string) bool {
	if p.n.Load() == 0 {
		return false // hits take no lock
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.items[key] != nil
}

// settle remembers an item whose second step was not acknowledged, and forgets one that was pending
// and is done.
func (p *pending) settle(it *item) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch old := p.items[it.key]; {
	case it.done && old == it:
		delete(p.items, it.key)
	case it.done: // which says nothing about another write of the key
	case old == nil && len(p.items) >= maxPending:
		it.events = append(it.events, Event{Op: OpUnfence, Entity: it.entity, Outcome: CacheFailed, Err: errPendingFull})
	default:
		again := &item{Change: Change{store: it.store, entity: it.entity, key: it.key}, lasting: it.lasting}
		if old != nil && again.lasting == nil {
			again.lasting = old.lasting // the outcome of the earlier write is still unknown
		}
		p.items[it.key] = again
	}
	p.n.Store(int32(len(p.items)))
}

// repeatPending repeats the second steps that were not acknowledged, as far as the breaker allows
// and unless another goroutine does, and returns what is left of the time.
func (s *Store) repeatPending(ctx context.Context, left time.Duration) time.Duration {
	p := &s.pending
	if p.n.Load() == 0 || left <= 0 || !p.repeating.TryLock() {
		return left
	}
	defer p.repeating.Unlock()
	began := time.Now()
	p.mu.Lock()
	items := slices.Collect(maps.Values(p.items))
	p.mu.Unlock()
	// None while the breaker is open, and one, the probe, while it is half-open.
	limit := map[gobreaker.State]int{gobreaker.StateClosed: maxPending, gobreaker.StateHalfOpen: 1}
	items = items[:min(len(items), limit[s.writes.State()])]
	s.each(ctx, items, func(it *item) { it.unfence(ctx, left, false) }, p.settle)
	return left - time.Since(began)
}
