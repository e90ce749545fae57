package readaside

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A Change names an entity that a write changes. [Reader.Changed] and [Reader.ChangedTo] return
// one.
type Change struct {
	store  *Store
	entity string
	key    string
	entry  []byte        // the new one; nil: not known
	ttl    time.Duration // of entry
	err    error         // of Encode
}

// Changed returns the Change of an entity that is deleted, or whose new value is not known.
func (r *Reader[K, V]) Changed(id K) Change {
	return Change{store: r.s, entity: r.e.Name, key: r.key(id)}
}

// ChangedTo returns the Change of an entity to v, which is the whole value as the write leaves it:
// a put, not the update of one attribute. It encodes v at once. Where that fails the Change is
// that of Changed, and the error is in the Event.
func (r *Reader[K, V]) ChangedTo(id K, v V) Change {
	c := r.Changed(id)
	if r.s.opt.Cache != nil {
		c.ttl = r.ttl()
		c.entry, c.err = r.encode(c.key, v)
	}
	return c
}

// unchanged marks an error of a write that wrote nothing.
type unchanged struct{ error }

func (u *unchanged) Unwrap() error { return u.error }

// Unchanged marks err as one of a write that has certainly written nothing, such as a condition
// that was not met. The function that is given to [Store.Write] returns it. Unchanged(nil) is nil.
//
// An error that may hide a write, such as a timeout, must not be marked.
func Unchanged(err error) error {
	if err == nil {
		return nil
	}
	return &unchanged{err}
}

// unmarked is an error that has a mark of Unchanged somewhere in its chain, and hides it.
type unmarked struct{ error }

func (u *unmarked) Is(target error) bool { return errors.Is(u.error, target) }

func (u *unmarked) As(target any) bool {
	_, mark := target.(**unchanged)
	return !mark && errors.As(u.error, target)
}

// An outcome is what is known of the change that a write was to make.
type outcome int

const (
	nothingWritten outcome = iota
	written
	unknown
)

// outcomeOf returns what an error of the function given to Write says, and that error without the
// mark of Unchanged: an enclosing Write must not take it for its own.
func outcomeOf(err error) (o outcome, plain error) {
	if err == nil {
		return written, nil
	}
	o = unknown
	for u, ok := err.(*unchanged); ok; u, ok = err.(*unchanged) {
		o, err = nothingWritten, u.error
	}
	if _, ok := errors.AsType[*unchanged](err); ok {
		return nothingWritten, &unmarked{err}
	}
	return o, err
}

// Write calls do, which changes the entities that changes names, and keeps the cache from serving
// what do replaces. It returns the error of do.
//
// Before do, Write marks the entries in the cache, for CacheTimeout at most; a failure of that
// does not stop the write. The context of do is that of the caller, and ends after WriteTimeout.
// After do, and for CacheTimeout at most even where ctx has ended, Write stores the values of the
// ChangedTo and deletes all else. Where do returned an error that [Unchanged] marks, the entries
// are left as they are. After any other error the entities are not cached for WriteTimeout + 5s,
// since the write may still take effect.
//
// If ctx has ended before do is called, Write returns context.Cause(ctx). It is an error to name no
// Change, or one of another Store's Reader; do is not called then. An entity that is named twice
// is Changed.
func (s *Store) Write(ctx context.Context, do func(ctx context.Context) error, changes ...Change) (err error) {
	var items []*item
	for i, c := range changes {
		if c.store != s {
			return fmt.Errorf("readaside: write: change %d of %d is not of a Reader of this Store", i+1, len(changes))
		}
		items = add(items, c)
	}
	if len(items) == 0 {
		return errors.New("readaside: write: no Change is named")
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	o := nothingWritten
	defer func() { s.settle(ctx, items, o) }()
	s.fence(ctx, items)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	within, cancel := context.WithTimeout(ctx, s.opt.WriteTimeout)
	defer cancel()
	o = unknown // also where do panics, or ends the goroutine
	o, err = outcomeOf(do(within))
	return err
}

// Invalidate deletes entities from the cache that something else than a Write has changed, for
// CacheTimeout at most and even where ctx has ended. What cannot be deleted is deleted later, as
// after a Write. Gets that begin after Invalidate returns do not return an older value. A Change
// of another Store's Reader is reported as an Event, and otherwise ignored.
func (s *Store) Invalidate(ctx context.Context, changes ...Change) {
	var items []*item
	for _, c := range changes {
		if c.store != s {
			err := errors.New("readaside: invalidate: the Change is not of a Reader of this Store")
			s.observe(ctx, Event{Op: OpUnfence, Entity: c.entity, Outcome: CacheSkipped, Err: err})
			continue
		}
		items = add(items, c)
	}
	if len(items) > 0 {
		s.repeatPending(ctx, atMostHalf(ctx, s.opt.CacheTimeout))
		s.settle(ctx, items, written)
	}
}

// add adds c to the items of a write. An entity that is named twice is Changed.
func add(items []*item, c Change) []*item {
	for _, it := range items {
		if it.key == c.key {
			it.entry, it.err = nil, errors.Join(it.err, c.err)
			return items
		}
	}
	return append(items, &item{Change: c})
}

// fence is the first step.
func (s *Store) fence(ctx context.Context, items []*item) {
	if s.opt.Cache == nil {
		return
	}
	left := s.repeatPending(ctx, atMostHalf(ctx, s.opt.CacheTimeout))
	s.each(ctx, items, func(it *item) {
		it.fence = newMarker(kindFence, it.key)
		e := it.ask(ctx, OpFence, left, false, func(ctx context.Context) (bool, error) {
			return true, s.opt.Cache.Set(ctx, it.key, it.fence, s.fenceTTL())
		})
		it.fenced = e.Outcome == Stored
	}, func(*item) error { return nil })
}

// settle is the second step. What is not acknowledged is pending from then on.
func (s *Store) settle(ctx context.Context, items []*item, o outcome) {
	for _, it := range items {
		s.loads.end(it.key, nil)
		switch o {
		case nothingWritten: // the fence is lifted
			it.entry, it.ttl, it.done = it.fence, time.Millisecond, !it.fenced
		case unknown:
			it.entry, it.lasting = nil, it.fence
		}
	}
	if s.opt.Cache == nil {
		return
	}
	detached := context.WithoutCancel(ctx)
	s.each(ctx, items, func(it *item) {
		left := s.opt.CacheTimeout
		if it.fenced && it.entry != nil {
			e := it.ask(detached, OpUnfence, left, true, func(ctx context.Context) (bool, error) {
				return s.opt.Cache.SetIfEqual(ctx, it.key, it.fence, it.entry, it.ttl)
			})
			left -= e.Took
			it.done = e.Outcome == Stored || e.Outcome == NotStored && o == nothingWritten
		}
		if !it.done && o != nothingWritten {
			it.unfence(detached, left, true)
		}
	}, s.pending.settle)
}
