package readaside

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"
)

// Reader reads entities of one kind, T, known by K. Set the fields before first
// use; it must not be copied after.
type Reader[K, T any] struct {
	Engine *Engine
	Entity string // for events
	// Key returns the cache key, which must tell id from the ids of every reader
	// that uses the same cache.
	Key func(id K) string
	// Load reads the source of truth.
	Load func(ctx context.Context, id K) (v T, found bool, err error)
	// Append appends the fields of v by AppendFields, and Parse takes them back by
	// CutFields.
	Append func(b []byte, v T) []byte
	Parse  func(fields string) (v T, ok bool)

	flights flights[T]
}

// Read returns the entity, or found == false where there is none.
//
// The error is Load's own, or the cause of ctx, at once when it ends. A panic
// of Load is one of Read, in every reader that waits for it, with a [*PanicError].
func (r *Reader[K, T]) Read(ctx context.Context, id K) (v T, found bool, err error) {
	if ctx.Err() != nil {
		return v, false, context.Cause(ctx)
	}
	key := r.Key(id)
	v, outcome := r.lookUp(ctx, key)
	switch outcome {
	case Hit:
		return v, true, nil
	case NegativeHit:
		return v, false, nil
	}
	if ctx.Err() != nil {
		return v, false, context.Cause(ctx)
	}
	f, first := r.flights.join(key)
	if first {
		go r.fly(ctx, f, id, key, outcome)
	}
	return f.wait(ctx, r.Engine.gate)
}

// Write returns a committed v for [Engine.Wrote].
func (r *Reader[K, T]) Write(id K, v T) Write {
	key := r.Key(id)
	return Write{
		entity:  r.Entity,
		key:     key,
		value:   r.Append(seal(kindFound, key), v),
		flights: &r.flights,
	}
}

// lookUp asks the cache.
func (r *Reader[K, T]) lookUp(ctx context.Context, key string) (v T, outcome Outcome) {
	e := r.Engine
	if e.opt.Cache == nil {
		return v, CacheSkipped
	}
	start := e.clock()
	value, outcome, err := e.get(ctx, key)
	if err == nil {
		v, outcome = r.parse(value, key)
	}
	e.observe(ctx, Event{Op: OpGet, Entity: r.Entity, Outcome: outcome, Took: e.since(start), Err: err})
	return v, outcome
}

func (r *Reader[K, T]) parse(value []byte, key string) (v T, outcome Outcome) {
	if value == nil {
		return v, Miss
	}
	fields, kind, ok := unseal(value, key)
	switch {
	case ok && kind == kindAbsence:
		return v, NegativeHit
	case ok:
		if v, ok = r.Parse(fields); ok {
			return v, Hit
		}
	}
	return v, Unreadable
}

// fly loads the entity and fills the cache, for every reader that joined f. It
// goes on when they all leave: the next one is served by what it brings.
func (r *Reader[K, T]) fly(caller context.Context, f *flight[T], id K, key string, seen Outcome) {
	e := r.Engine
	ctx := context.WithoutCancel(caller)
	defer func() {
		if v := recover(); v != nil { // of Observe, on behalf of the readers
			f.panicked = &PanicError{Value: v, Stack: debug.Stack()}
		}
		r.flights.land(key, f)
		close(f.filled)
	}()

	start := e.clock()
	f.value, f.found, f.err = r.load(ctx, id)
	f.panicked, _ = f.err.(*PanicError)
	close(f.loaded)
	if f.err != nil {
		e.observe(ctx, Event{Op: OpLoad, Entity: r.Entity, Outcome: LoadFailed, Took: e.since(start), Err: f.err})
		return
	}
	e.observe(ctx, Event{Op: OpLoad, Entity: r.Entity, Outcome: Loaded, Took: e.since(start)})
	if s, ok := r.fill(f, key, seen); ok {
		e.observe(ctx, e.set(caller, r.Entity, s))
	}
}

// fill decides what becomes of a loaded entity: see the rules in the package
// documentation. Seen is what the cache said to the reader that took off.
func (r *Reader[K, T]) fill(f *flight[T], key string, seen Outcome) (s store, ok bool) {
	e := r.Engine
	switch {
	case seen == CacheFailed || seen == CacheSkipped:
		return store{}, false // one budget is enough
	case f.found:
		return store{key: key, value: r.Append(seal(kindFound, key), f.value), ttl: e.jittered()}, true
	case seen == Unreadable:
		return store{}, false // it is not for an absence to overwrite what may be somebody's
	case e.opt.NegativeTTL < 0:
		return store{}, false
	case !r.flights.holds(key, f):
		return store{}, false // a write has forgotten it: the news is old
	default:
		return store{key: key, value: seal(kindAbsence, key), ttl: e.opt.NegativeTTL, ifAbsent: true}, true
	}
}

// grace is what a load gets after its time to come back with an error of its
// own, which says more than the context's.
const grace = 10 * time.Millisecond

func (r *Reader[K, T]) load(ctx context.Context, id K) (v T, found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.Engine.opt.LoadTimeout)
	defer cancel()
	type answer struct {
		v     T
		found bool
	}
	c := begin(ctx, nil, func(ctx context.Context) (a answer, err error) {
		a.v, a.found, err = r.Load(ctx, id)
		return a, err
	})
	select {
	case <-c.done:
	case <-ctx.Done():
		select {
		case <-c.done:
		case <-time.After(grace):
			if c.leave() {
				return v, false, fmt.Errorf("no answer within %v: %w", r.Engine.opt.LoadTimeout, ctx.Err())
			}
		}
	}
	return c.value.v, c.value.found, c.err
}
