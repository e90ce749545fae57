package readaside

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/warmclient/warmclient/internal/guard"
)

// loads are the loads of a Store that callers share, by key. Waiting for the running ones, and
// their results, are the group's.
type loads struct {
	clock atomic.Uint64 // counts the loads that have begun
	group singleflight.Group

	mu   sync.Mutex
	keys map[string]*load // the running ones
}

// A read is what one Get knows when it turns to a load.
type read struct {
	key   string
	since uint64        // the clock when the Get began
	left  time.Duration // for its cache calls
	entry []byte        // what its Get has returned
	state Outcome       // of its Get
}

// A load is one shared load of a key. It first takes a lease, where it is to fill the cache, and
// then begins.
type load struct {
	read                         // of the caller that started it
	waiting   []func()           // each lets a caller join the next load
	leasing   context.Context    // of the lease
	skipLease context.CancelFunc // ends leasing
	leaseTook time.Duration
	lease     []byte        // acknowledged, set before the load begins; nil: none
	began     atomic.Uint64 // the clock when it began; 0: not yet
	fill      []byte        // the entry that replaces the lease; nil: none
	filled    atomic.Bool
}

// join makes a caller one of those of a load that is no older than the read, and sends the channel
// of the result to ch. The load is the running one, if that had not begun when the read did, or if
// the read has met its lease, since a write that had finished before would have replaced that.
// Otherwise it is the next one, which the caller joins when the running one ends, unless ctx has
// ended by then. Where no load is running, join starts one, which calls run. ls.mu is held.
func (ls *loads) join(ctx context.Context, rd read, run func(*load) (any, error), ch chan<- <-chan singleflight.Result) {
	l := ls.keys[rd.key]
	if l == nil {
		l = &load{read: rd}
		l.leasing, l.skipLease = context.WithCancel(context.WithoutCancel(ctx))
		ls.keys[rd.key] = l
	}
	switch began := l.began.Load(); {
	case began == 0 && rd.left < l.left:
		time.AfterFunc(rd.left, l.skipLease) // the lease costs no caller more than its own time
	case began != 0 && began <= rd.since && (l.lease == nil || !bytes.Equal(l.lease, rd.entry)):
		l.waiting = append(l.waiting, func() {
			if rd.left = atMostHalf(ctx, rd.left); ctx.Err() == nil {
				ls.join(ctx, rd, run, ch)
			}
		})
		return
	}
	ch <- ls.group.DoChan(rd.key, func() (any, error) {
		defer ls.end(rd.key, l)
		done := <-guard.Go(func() (any, error) { return run(l) })
		return done.Value, done.Err
	})
}

// end lets the next load of key start, if a caller waits for it: l has ended, or, if l is nil, a
// write has made the running load too old to join.
func (ls *loads) end(key string, l *load) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if running := ls.keys[key]; running != nil && (l == nil || l == running) {
		delete(ls.keys, key)
		ls.group.Forget(key)
		for _, join := range running.waiting {
			join()
		}
	}
}

// shared returns the answer of a shared load.
func (r *Reader[K, V]) shared(ctx context.Context, rd read, id K) (v V, found bool, err error) {
	joined := make(chan (<-chan singleflight.Result), 1)
	r.s.loads.mu.Lock()
	r.s.loads.join(ctx, rd, func(l *load) (any, error) { return r.leaseAndLoad(l, id) }, joined)
	r.s.loads.mu.Unlock()
	for result := (<-chan singleflight.Result)(nil); ; {
		select {
		case result = <-joined:
		case shared := <-result:
			if p, ok := shared.Err.(*guard.PanicError); ok {
				panic(p.Unwrap()) // what a Load recovers and returns is no PanicError
			}
			a, _ := shared.Val.(answer[V])
			if shared.Err == nil {
				r.fill(ctx, rd, a)
			}
			return a.v, a.found, shared.Err
		case <-ctx.Done():
			return v, false, context.Cause(ctx)
		}
	}
}

// leaseAndLoad is a shared load: the lease, where one is wanted, the load and the encoding, so that
// what callers do to the value cannot reach the cache.
func (r *Reader[K, V]) leaseAndLoad(l *load, id K) (answer[V], error) {
	defer l.skipLease()
	if l.state == Miss || l.state == Unreadable {
		r.lease(l)
	}
	l.began.Store(r.s.loads.clock.Add(1))
	ctx := context.WithoutCancel(l.leasing)
	a, err := r.load(ctx, id)
	a.load = l
	switch {
	case err != nil || l.lease == nil:
		return a, err
	case !a.found:
		l.fill = seal(valueFormat, kindAbsent, r.e.Version, l.key, nil)
	default:
		if l.fill, err = r.encode(l.key, a.v); err != nil {
			r.s.opt.Observe(ctx, Event{Op: OpFill, Entity: r.e.Name, Outcome: CacheFailed, Err: err})
		}
	}
	return a, nil
}

// lease reserves the entry of a key for the fill.
func (r *Reader[K, V]) lease(l *load) {
	cache, lease, ttl := r.s.opt.Cache, newMarker(kindLease, l.key), plus(r.e.LoadTimeout, time.Second)
	e := Event{Op: OpLease, Entity: r.e.Name}
	r.s.ask(l.leasing, l.left, false, &e, func(ctx context.Context) (bool, error) {
		if l.entry == nil {
			return cache.SetIfAbsent(ctx, l.key, lease, ttl)
		}
		return cache.SetIfEqual(ctx, l.key, l.entry, lease, ttl)
	})
	if l.leaseTook = e.Took; e.Outcome == Stored {
		l.lease = lease
	}
	r.s.opt.Observe(l.leasing, e)
}

// fill stores what was loaded, if no other caller does.
func (r *Reader[K, V]) fill(ctx context.Context, rd read, a answer[V]) {
	s, l, ttl := r.s, a.load, r.e.NegativeTTL
	if a.found {
		ttl = r.ttl()
	}
	left := atMostHalf(ctx, rd.left-l.leaseTook)
	failed := rd.state == CacheFailed || rd.state == CacheSkipped
	if l.fill == nil || ttl < 0 || failed || left <= 0 || ctx.Err() != nil || s.pending.has(rd.key) || l.filled.Swap(true) {
		return
	}
	e := Event{Op: OpFill, Entity: r.e.Name}
	s.ask(ctx, left, false, &e, func(ctx context.Context) (bool, error) {
		return s.opt.Cache.SetIfEqual(ctx, rd.key, l.lease, l.fill, ttl)
	})
	s.opt.Observe(ctx, e)
}

// An answer is what Load returns besides its error, and where it comes from.
type answer[V any] struct {
	v     V
	found bool
	load  *load // nil where it is not shared
}

// grace is what a Load gets after its time to return with an error of its own, which says more.
const grace = 10 * time.Millisecond

// load calls Load on a goroutine of its own, and abandons it when its time is over. A panic of Load
// is a *guard.PanicError.
func (r *Reader[K, V]) load(ctx context.Context, id K) (answer[V], error) {
	began := time.Now()
	within, cancel := context.WithTimeout(ctx, r.e.LoadTimeout)
	defer cancel()
	ch := guard.Go(func() (a answer[V], err error) {
		a.v, a.found, err = r.e.Load(within, id)
		return a, err
	})
	var done guard.Result[answer[V]]
	select {
	case done = <-ch:
	case <-within.Done():
		done.Err = fmt.Errorf("readaside: load %s: no answer within %v: %w", r.e.Name, r.e.LoadTimeout, context.DeadlineExceeded)
		select {
		case done = <-ch:
		case <-ctx.Done():
		case <-time.After(grace): // from now on: the process may have been frozen
		}
	}
	e := Event{Op: OpLoad, Entity: r.e.Name, Outcome: LoadFailed, Took: time.Since(began)}
	switch {
	case done.Err == nil:
		e.Outcome = Loaded
	case ctx.Err() != nil:
		done.Err = context.Cause(ctx)
	case done.Err == guard.ErrGoexit:
		done.Err = fmt.Errorf("readaside: load %s: %w", r.e.Name, guard.ErrGoexit)
	}
	e.Err = done.Err
	r.s.opt.Observe(ctx, e)
	if done.Err != nil || !done.Value.found {
		return answer[V]{}, done.Err
	}
	return done.Value, nil
}
