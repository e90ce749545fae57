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
type unchanged struct{ err error }

func (u *unchanged) Error() string { return u.err.Error() }
func (u *unchanged) Unwrap() error { return u.err }

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
type unmarked struct{ err error }

func (u *unmarked) Error() string        { return u.err.Error() }
func (u *unmarked) Is(target error) bool { return errors.Is(u.err, target) }

func (u *unmarked) As(target any) bool {
	_, mark := target.(**unchanged)
	return !mark && errors.As(u.err, target)
}

// unmark reports whether err is marked, and returns it without the mark: an enclosing Write must
// not take it for its own.
func unmark(err error) (marked bool, plain error) {
	for u, ok := err.(*unchanged); ok; u, ok = err.(*unchanged) {
		marked, err = true, u.err
	}
	if _, ok := errors.AsType[*unchanged](err); ok {
		return true, &unmarked{err}
	}
	return marked, err
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
func (s *Store) Write(ctx context.Context, do func(ctx context.Context) error, changes ...Change) error {
	w := write{store: s, items: make([]item, 0, len(changes))}
	for i, c := range changes {
		if c.store != s {
			return fmt.Errorf("readaside: write: change %d of %d is not of a Reader of this Store", i+1, len(changes))
		}
		w.add(c)
	}
	if len(w.items) == 0 {
		return errors.New("readaside: write: no Change is named")
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	defer w.settle(ctx)
	w.fence(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	w.outcome = unknown
	within, cancel := context.WithTimeout(ctx, s.opt.WriteTimeout)
	defer cancel()
	err := do(within)
	if err == nil {
		w.outcome = written
		return nil
	}
	marked, err := unmark(err)
	if marked {
		w.outcome = nothingWritten
	}
	return err
}

// Invalidate deletes entities from the cache that something else than a Write has changed, for
// CacheTimeout at most and even where ctx has ended. What cannot be deleted is deleted later, as
// after a Write. Gets that begin after Invalidate returns do not return an older value. A Change
// of another Store's Reader is reported as an Event, and otherwise ignored.
func (s *Store) Invalidate(ctx context.Context, changes ...Change) {
	w := write{store: s, outcome: written}
	for _, c := range changes {
		if c.store != s {
			err := errors.New("readaside: invalidate: the Change is not of a Reader of this Store")
			s.observe(ctx, Event{Op: OpUnfence, Entity: c.entity, Outcome: CacheSkipped, Err: err})
			continue
		}
		w.add(c)
	}
	if len(w.items) == 0 {
		return
	}
	s.repeatPending(ctx, s.budget(ctx))
	w.settle(ctx)
}

// What is known of the change that a write was to make.
const (
	nothingWritten = iota
	written
	unknown
)

// A write is one Write or Invalidate.
type write struct {
	store   *Store
	items   []item
	outcome int
}

// An item is one entity of a write.
type item struct {
	Change
	fence    []byte // acknowledged; nil: none
	newFence []byte // the one that was or is to be set
	events   []Event
}

// add adds c. An entity that is named twice is Changed.
func (w *write) add(c Change) {
	for i := range w.items {
		if it := &w.items[i]; it.key == c.key {
			it.entry, it.err = nil, errors.Join(it.err, c.err)
			return
		}
	}
	w.items = append(w.items, item{Change: c})
}

// fence is the first step.
func (w *write) fence(ctx context.Context) {
	s := w.store
	if s.opt.Cache == nil {
		return
	}
	left := s.repeatPending(ctx, s.budget(ctx))
	events := make([]Event, len(w.items))
	each(len(w.items), func(i int) {
		it, left := &w.items[i], left
		it.newFence = newMarker(kindFence, it.key)
		e := Event{Op: OpFence, Entity: it.entity, Outcome: CacheFailed, Err: errGoexit}
		events[i] = e
		e = s.ask(ctx, s.writes, &left, false, e, func(ctx context.Context) (bool, error) {
			return true, s.opt.Cache.Set(ctx, it.key, it.newFence, s.fenceTTL())
		})
		if events[i] = e; e.Outcome == Stored {
			it.fence = it.newFence
		}
	})
	for _, e := range events {
		s.observe(ctx, e)
	}
}

// settle is the second step. What is not acknowledged is pending from then on.
func (w *write) settle(ctx context.Context) {
	s := w.store
	for i := range w.items {
		s.loads.end(w.items[i].key, nil)
	}
	if s.opt.Cache == nil {
		return
	}
	acknowledged := make([]bool, len(w.items))
	defer func() {
		for i, ok := range acknowledged {
			if !ok {
				w.postpone(&w.items[i])
			}
		}
		for i := range w.items {
			for _, e := range w.items[i].events {
				s.observe(ctx, e)
			}
		}
	}()
	detached := context.WithoutCancel(ctx)
	each(len(w.items), func(i int) {
		acknowledged[i] = w.unfence(detached, &w.items[i])
	})
}

// unfence takes the second step for one entity, and reports whether it was acknowledged.
func (w *write) unfence(ctx context.Context, it *item) (acknowledged bool) {
	s, cache := w.store, w.store.opt.Cache
	left := s.opt.CacheTimeout
	ask := func(call func(context.Context) (bool, error)) Outcome {
		at := len(it.events)
		e := Event{Op: OpUnfence, Entity: it.entity, Outcome: CacheFailed, Err: errGoexit}
		it.events = append(it.events, e)
		e = s.ask(ctx, s.writes, &left, true, e, call)
		it.events[at] = e
		return e.Outcome
	}
	switch {
	case w.outcome == nothingWritten && it.fence == nil:
		return true
	case w.outcome == nothingWritten:
		o := ask(func(ctx context.Context) (bool, error) {
			return cache.SetIfEqual(ctx, it.key, it.fence, it.fence, time.Millisecond)
		})
		return o == Stored || o == NotStored
	case w.outcome == written && it.entry != nil && it.fence != nil:
		o := ask(func(ctx context.Context) (bool, error) {
			return cache.SetIfEqual(ctx, it.key, it.fence, it.entry, it.ttl)
		})
		if o == Stored {
			return true
		}
	}
	o := ask(func(ctx context.Context) (bool, error) {
		return true, s.deleteOrFence(ctx, it.key, w.lasting(it))
	})
	if it.err != nil {
		e := &it.events[len(it.events)-1]
		e.Err = errors.Join(it.err, e.Err)
	}
	return o == Stored
}

// lasting returns the fence that is to stay where the change may still take effect, or nil.
func (w *write) lasting(it *item) []byte {
	if w.outcome != unknown {
		return nil
	}
	return it.newFence
}

// postpone makes the second step of one entity a pending one.
func (w *write) postpone(it *item) {
	if w.store.pending.add(&unreached{entity: it.entity, key: it.key, fence: w.lasting(it)}) {
		return
	}
	it.events = append(it.events, Event{Op: OpUnfence, Entity: it.entity, Outcome: CacheFailed, Err: errPendingFull})
}
