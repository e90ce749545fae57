package readaside

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/warmclient/warmclient/internal/guard"
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

// Changed returns the Change of an entity that is deleted, or whose new value is not known before
// the write, as that of an update of one attribute.
func (r *Reader[K, V]) Changed(id K) Change {
	return Change{store: r.s, entity: r.e.Name, key: r.key(id)}
}

// ChangedTo returns the Change of an entity to v, which is the whole value as the write leaves it:
// a put, not the update of one attribute. It encodes v at once. If that fails, the Change is what
// Changed returns, and the error is in the Event.
func (r *Reader[K, V]) ChangedTo(id K, v V) Change {
	c := r.Changed(id)
	if r.s.opt.Cache != nil {
		c.ttl = r.ttl()
		c.entry, c.err = r.encode(c.key, v)
	}
	return c
}

// errNotCalled stands for what a function returns that Write has not called yet.
var errNotCalled = errors.New("readaside: write: not called")

// unchanged marks an error of a write that wrote nothing.
type unchanged struct{ err error }

func (u *unchanged) Error() string { return u.err.Error() }
func (u *unchanged) Unwrap() error { return u.err }

// Unchanged marks err as one of a write that has certainly written nothing, such as a condition
// that was not met. The function that is given to [Store.Write] returns it. Unchanged(nil) is nil.
//
// An error that may hide a write, such as a timeout, must not be marked. Nor must a condition that
// the write itself makes false, such as attribute_not_exists, where the write may have been
// attempted before.
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

// unmark returns err without the mark of Unchanged: an enclosing Write must not take it for its
// own.
func unmark(err error) error {
	for u, ok := err.(*unchanged); ok; u, ok = err.(*unchanged) {
		err = u.err
	}
	if _, ok := errors.AsType[*unchanged](err); ok {
		return &unmarked{err}
	}
	return err
}

// Write calls do, which changes the entities that changes names, and keeps the cache from serving
// what do replaces. It returns the error of do.
//
// Before do, Write replaces the entries in the cache by fences, which takes CacheTimeout at most; a
// failure of that does not stop the write. The context of do is that of the caller, and ends after
// WriteTimeout. After do, Write stores the values given to ChangedTo and deletes the other entries,
// which takes CacheTimeout at most, and is done even where ctx has ended. Where do returned an
// error that [Unchanged] marks, Write removes its fences, and the next Gets load. After any other
// error the entities are not cached for WriteTimeout + 5s, since the write may still take effect.
//
// If ctx has ended before do is called, Write returns context.Cause(ctx). It is an error to name no
// Change, or one of another Store's Reader; do is not called then. An entity that is named twice is
// Changed.
func (s *Store) Write(ctx context.Context, do func(ctx context.Context) error, changes ...Change) error {
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
	returned := Unchanged(errNotCalled)
	defer func() { s.settle(ctx, items, returned) }()
	s.fence(ctx, items)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	within, cancel := context.WithTimeout(ctx, s.opt.WriteTimeout)
	defer cancel()
	returned = guard.ErrGoexit // what remains if do panics or ends this goroutine
	returned = do(within)
	return unmark(returned)
}

// Invalidate deletes entities from the cache that something other than a Write has changed, even
// where ctx has ended. It takes CacheTimeout at most, and as much again where it first repeats what
// earlier calls could not delete. What it cannot delete is deleted later, as after a Write. Gets of
// this Store that begin after Invalidate returns do not return an older value. A Change of another
// Store's Reader is reported as an Event, and otherwise ignored.
func (s *Store) Invalidate(ctx context.Context, changes ...Change) {
	var items []*item
	for _, c := range changes {
		if c.store != s {
			err := errors.New("readaside: invalidate: the Change is not of a Reader of this Store")
			s.opt.Observe(ctx, Event{Op: OpUnfence, Entity: c.entity, Outcome: CacheSkipped, Err: err})
			continue
		}
		items = add(items, c)
	}
	s.repeatPending(ctx, atMostHalf(ctx, s.opt.CacheTimeout))
	s.settle(ctx, items, nil)
}

// fence is the first step.
func (s *Store) fence(ctx context.Context, items []*item) {
	left := s.repeatPending(ctx, atMostHalf(ctx, s.opt.CacheTimeout))
	s.each(ctx, items, func(it *item) {
		it.fence = newMarker(kindFence, it.key)
		e := it.ask(ctx, OpFence, left, false, func(ctx context.Context) (bool, error) {
			return true, s.opt.Cache.Set(ctx, it.key, it.fence, s.fenceTTL())
		})
		it.fenced = e.Outcome == Stored
	}, func(*item) {})
}

// settle is the second step after a function that has returned err. What the cache does not
// acknowledge is pending from then on.
func (s *Store) settle(ctx context.Context, items []*item, err error) {
	_, nothingWritten := errors.AsType[*unchanged](err)
	for _, it := range items {
		s.loads.end(it.key, nil)
		switch {
		case nothingWritten: // the fence is lifted
			it.entry, it.ttl, it.done = it.fence, time.Millisecond, !it.fenced
		case err != nil: // the change may still take effect, so the fence is set again
			it.entry, it.lasting = nil, it.fence
		}
	}
	ctx = context.WithoutCancel(ctx)
	s.each(ctx, items, func(it *item) {
		left := s.opt.CacheTimeout
		if it.fenced && it.entry != nil {
			e := it.ask(ctx, OpUnfence, left, true, func(ctx context.Context) (bool, error) {
				return s.opt.Cache.SetIfEqual(ctx, it.key, it.fence, it.entry, it.ttl)
			})
			left -= e.Took
			it.done = e.Outcome == Stored || e.Outcome == NotStored && nothingWritten
		}
		if !it.done && !nothingWritten {
			it.unfence(ctx, left, true)
		}
	}, s.pending.settle)
}

// An item is one key of a write, and stays in the Store while its second step is pending.
type item struct {
	Change
	fence   []byte // that the first step has set, or has tried to set
	fenced  bool   // the first step was acknowledged
	lasting []byte // the second step sets it; nil: the second step deletes the key
	done    bool   // the second step was acknowledged
	events  []Event
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

// each takes a step of all items in parallel, then calls after for each, and last observes the
// events. The steps have goroutines of their own, which a cache may end. Without a cache there are
// no steps.
func (s *Store) each(ctx context.Context, items []*item, step, after func(*item)) {
	if s.opt.Cache == nil {
		return
	}
	var wg sync.WaitGroup
	for _, it := range items {
		wg.Go(func() { step(it) })
	}
	wg.Wait()
	for _, it := range items {
		after(it)
	}
	for _, it := range items {
		for _, e := range it.events {
			s.opt.Observe(ctx, e)
		}
		it.events = nil
	}
}

// ask makes a call of the cache for it, and keeps the Event.
func (it *item) ask(ctx context.Context, op Op, left time.Duration, force bool, call cacheCall) *Event {
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
