package readaside

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

// maxPending is how many keys a Store remembers whose second step is to be repeated.
const maxPending = 1024

var (
	errPending     = errors.New("readaside: a write has not reached the cache yet")
	errPendingFull = errors.New("readaside: too many writes have not reached the cache: this one is not repeated")
)

// An item is one key of a write, and stays in the Store while its second step is pending.
type item struct {
	Change
	fence   []byte  // that the first step has set, or has tried to set
	fenced  bool    // the first step was acknowledged
	lasting []byte  // set by the second step, as the change may still take effect; nil: the key is deleted
	done    bool    // the second step was acknowledged
	claimed bool    // the second step is being repeated
	events  []Event // to be observed
}

// ask makes a call of the cache for it, and keeps the Event.
func (it *item) ask(ctx context.Context, op Op, left time.Duration, force bool, call func(context.Context) (bool, error)) *Event {
	it.events = append(it.events, Event{Op: op, Entity: it.entity})
	e := &it.events[len(it.events)-1]
	it.store.ask(ctx, left, force, e, call)
	return e
}

// unfence deletes the key, or sets the lasting fence.
func (it *item) unfence(ctx context.Context, left time.Duration, force bool) {
	s := it.store
	e := it.ask(ctx, OpUnfence, left, force, func(ctx context.Context) (bool, error) {
		if it.lasting != nil {
			return true, s.opt.Cache.Set(ctx, it.key, it.lasting, s.fenceTTL())
		}
		return true, s.opt.Cache.Delete(ctx, it.key)
	})
	it.done = e.Outcome == Stored
	if it.err != nil {
		e.Err = errors.Join(it.err, e.Err)
	}
}

// fenceTTL is the life of a fence: a write is over before that.
func (s *Store) fenceTTL() time.Duration { return plus(s.opt.WriteTimeout, 5*time.Second) }

// each takes a step of all items, of which there is one at least, in parallel. Then it calls after
// for each, and last observes the events, also where a step has ended this goroutine.
func (s *Store) each(ctx context.Context, items []*item, step func(*item), after func(*item) error) {
	defer func() {
		var events []Event
		for _, it := range items {
			events = append(events, it.events...)
			it.events = nil
			if err := after(it); err != nil { // it may belong to another goroutine now
				events = append(events, Event{Op: OpUnfence, Entity: it.entity, Outcome: CacheFailed, Err: err})
			}
		}
		for _, e := range events {
			s.observe(ctx, e)
		}
	}()
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, it := range items[1:] {
		wg.Go(func() { step(it) })
	}
	step(items[0])
}

// pending are the items of a Store whose second step was not acknowledged.
type pending struct {
	n     atomic.Int32 // len(items)
	mu    sync.Mutex
	items map[string]*item // by key
}

func (p *pending) has(key string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.items[key] != nil
}

// claim returns up to limit items whose second step is not being repeated.
func (p *pending) claim(limit int) (items []*item) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, it := range p.items {
		if !it.claimed && len(items) < limit {
			it.claimed = true
			items = append(items, it)
		}
	}
	return items
}

// settle remembers an item whose second step was not acknowledged, or forgets one that was claimed
// and now is done. It is an error where there is no room.
func (p *pending) settle(it *item) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	it.claimed = false
	switch old := p.items[it.key]; {
	case it.done && old == it:
		delete(p.items, it.key)
	case it.done: // which says nothing about another write of the key
	case old == nil && len(p.items) >= maxPending:
		return errPendingFull
	default:
		if old != nil && it.lasting == nil {
			it.lasting = old.lasting // the outcome of the earlier write is still unknown
		}
		it.entry, it.err = nil, nil
		p.items[it.key] = it
	}
	p.n.Store(int32(len(p.items)))
	return nil
}

// repeatPending repeats the second steps that were not acknowledged, as far as the breaker allows,
// and returns what is left of the time.
func (s *Store) repeatPending(ctx context.Context, left time.Duration) time.Duration {
	if s.pending.n.Load() == 0 || left <= 0 {
		return left
	}
	began := time.Now()
	limit := map[gobreaker.State]int{gobreaker.StateClosed: maxPending, gobreaker.StateHalfOpen: 1} // 1: the probe
	if items := s.pending.claim(limit[s.writes.State()]); len(items) > 0 {
		s.each(ctx, items, func(it *item) { it.unfence(ctx, left, false) }, s.pending.settle)
	}
	return left - time.Since(began)
}
