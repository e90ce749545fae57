// Package readaside reads entities through a cache that can neither fail, nor
// slow, nor mislead its readers.
//
// A [Reader] asks the cache, else loads the entity from the source of truth,
// once for all concurrent readers of a key, and fills the cache. The cache's
// calls are short by budget, run where a deaf one can be left behind, and stop
// for a while after failures in a row.
//
// Truth rests on three rules, and on entities being created but never changed:
// what was found or written is stored over whatever was there, the news of an
// absence is stored only where nothing is, and a write forgets the loads of its
// keys that are under way. Then no interleaving of readers and a writer leaves
// an absence behind that outlives the write's own store.
package readaside

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// Cache stores values under string keys. A miss is (nil, nil).
type Cache interface {
	Get(ctx context.Context, key string) ([]byte, error)
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error
	SetIfAbsent(ctx context.Context, key string, value []byte, ttl time.Duration) error
}

// obedient is a Cache that may vouch that each of its calls returns when its
// context ends.
type obedient interface{ ObeysContext() bool }

// Options are the settings of an [Engine]. Zero durations are not replaced by
// defaults here.
type Options struct {
	Cache        Cache         // nil: every read is a load
	TTL          time.Duration // of what was found or written, jittered down by at most 10%
	NegativeTTL  time.Duration // of absences; negative: they are not stored
	CacheTimeout time.Duration // for each cache call
	LoadTimeout  time.Duration // for each load
	Observe      func(ctx context.Context, e Event)
}

// Engine is what all readers of one cache share: its settings, and what is
// known of the cache's health.
type Engine struct {
	opt    Options
	gate   *gate
	obeyed bool // the cache obeys its contexts
}

// New returns an engine.
func New(o Options) *Engine {
	c, ok := o.Cache.(obedient)
	return &Engine{opt: o, gate: newGate(o.CacheTimeout), obeyed: ok && c.ObeysContext()}
}

// Write is an entity that was committed, to be stored by [Engine.Wrote].
type Write struct {
	entity  string
	key     string
	value   []byte
	flights interface{ forget(key string) }
}

// Wrote tells of committed writes. Reads that start from now on do not join a
// load that is under way, and the cache is told, for all writes in parallel and
// before Wrote returns, whether or not the caller is still interested and
// whatever the breaker says: an absence must not outlive the write.
func (e *Engine) Wrote(ctx context.Context, writes ...Write) {
	for _, w := range writes {
		w.flights.forget(w.key)
	}
	if e.opt.Cache == nil {
		return
	}
	events := make([]Event, len(writes))
	var wg sync.WaitGroup
	for i, w := range writes {
		wg.Go(func() {
			// What remains if an inline call ends this goroutine.
			events[i] = Event{Op: OpSet, Entity: w.entity, Outcome: CacheFailed, Err: errGoexit}
			events[i] = e.set(ctx, w.entity, store{key: w.key, value: w.value, ttl: e.jittered(), always: true})
		})
	}
	wg.Wait()
	// Observed here rather than where the calls were made, so that a panic of
	// Observe is the caller's, not the process's.
	for _, event := range events {
		e.observe(ctx, event)
	}
}

func (e *Engine) jittered() time.Duration {
	return e.opt.TTL - rand.N(e.opt.TTL/10+1)
}
