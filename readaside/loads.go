package readaside

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

// loads are the loads of a Store that callers share, by key. Waiting for them, and their results,
// are the group's.
type loads struct {
	clock atomic.Uint64 // counts the loads that have begun
	group singleflight.Group

	mu   sync.Mutex
	keys map[string]*load // the running ones
}

// A load is one shared load of a key. It first takes a lease, where it is to fill the cache, and
// then begins.
type load struct {
	read                         // of the caller that started it
	over      chan struct{}      // closed when the next load may start
	leasing   context.Context    // of the lease
	skipLease context.CancelFunc // ends leasing
	began     uint64             // the clock when it began; 0: not yet
	lease     []byte             // acknowledged; nil: none
}

// A read is what one Get knows when it turns to a load.
type read struct {
	key   string
	since uint64        // the clock when the Get began
	left  time.Duration // for its cache calls
	entry []byte        // what its Get has returned
	state Outcome       // of its Get
}

// join returns the result of the running load of a key if that is no older than the read: if it had
// not begun when the read did, or if the read has met its lease, since a write that had finished
// before would have replaced that. Otherwise ch is nil, and the caller joins again when over is
// closed. Where no load is running, join starts one, which calls run.
func (ls *loads) join(ctx context.Context, rd read, run func(*load) (any, error)) (ch <-chan singleflight.Result, over <-chan struct{}) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l := ls.keys[rd.key]
	switch {
	case l == nil:
		l = &load{read: rd, over: make(chan struct{})}
		l.leasing, l.skipLease = context.WithCancel(context.WithoutCancel(ctx))
		ls.keys[rd.key] = l
	case l.began != 0 && l.began <= rd.since && (l.lease == nil || !bytes.Equal(l.lease, rd.entry)):
		return nil, l.over
	case l.began == 0 && rd.left < l.left:
		time.AfterFunc(rd.left, l.skipLease) // the lease costs no caller more than its own time
	}
	return ls.group.DoChan(rd.key, func() (any, error) {
		defer ls.end(rd.key, l)
		return run(l)
	}), nil
}

// begin is called right before the load proper.
func (ls *loads) begin(l *load, lease []byte) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l.began, l.lease = ls.clock.Add(1), lease
}

// end lets the next load of key start: l has ended, or, if l is nil, a write has made the running
// load too old to join.
func (ls *loads) end(key string, l *load) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	running := ls.keys[key]
	if running == nil || l != nil && l != running {
		return
	}
	delete(ls.keys, key)
	ls.group.Forget(key)
	close(running.over)
}

// shared returns the result of a shared load.
func (r *Reader[K, V]) shared(ctx context.Context, rd read, id K) (v V, found bool, err error) {
	detached := context.WithoutCancel(ctx)
	for {
		ch, over := r.s.loads.join(ctx, rd, func(l *load) (any, error) {
			done := <-start(func() (*loaded[V], error) { return r.leaseAndLoad(detached, l, id) })
			return done.value, done.err
		})
		select {
		case shared := <-ch:
			if p, ok := shared.Err.(*panicError); ok {
				panic(p)
			}
			if shared.Err != nil {
				return v, false, shared.Err
			}
			x, _ := shared.Val.(*loaded[V])
			r.fill(ctx, rd, x)
			return x.v, x.found, nil
		case <-over:
		case <-ctx.Done():
			return v, false, context.Cause(ctx)
		}
	}
}

// loaded is what a shared load has come to.
type loaded[V any] struct {
	answer[V]
	lease     []byte
	leaseTook time.Duration
	entry     []byte // to fill the cache with; nil: nothing
	filled    atomic.Bool
}

// leaseAndLoad is a shared load: the lease, where one is wanted, the load and the encoding, so that
// what callers do to v cannot reach the cache.
func (r *Reader[K, V]) leaseAndLoad(ctx context.Context, l *load, id K) (x *loaded[V], err error) {
	defer l.skipLease()
	x = new(loaded[V])
	if l.state == Miss || l.state == Unreadable {
		x.lease, x.leaseTook = r.lease(l)
	}
	r.s.loads.begin(l, x.lease)
	if x.answer, err = r.load(ctx, id); err != nil || x.lease == nil {
		return x, err
	}
	if !x.found {
		x.entry = seal(valueFormat, kindAbsent, r.e.Version, l.key, nil)
	} else if x.entry, err = r.encode(l.key, x.v); err != nil {
		r.s.observe(ctx, Event{Op: OpFill, Entity: r.e.Name, Outcome: CacheFailed, Err: err})
	}
	return x, nil
}

// lease reserves the entry of a key for the fill, and returns the lease, or nil where it was not
// stored.
func (r *Reader[K, V]) lease(l *load) (lease []byte, took time.Duration) {
	cache, marker := r.s.opt.Cache, newMarker(kindLease, l.key)
	e := Event{Op: OpLease, Entity: r.e.Name}
	r.s.ask(l.leasing, l.left, false, &e, func(ctx context.Context) (bool, error) {
		ttl := plus(r.e.LoadTimeout, time.Second)
		if l.entry == nil {
			return cache.SetIfAbsent(ctx, l.key, marker, ttl)
		}
		return cache.SetIfEqual(ctx, l.key, l.entry, marker, ttl)
	})
	r.s.observe(l.leasing, e)
	if e.Outcome == Stored {
		lease = marker
	}
	return lease, e.Took
}

// An answer is what Load returns besides its error.
type answer[V any] struct {
	v     V
	found bool
}

// grace is what a Load gets after its time to return with an error of its own, which says more.
const grace = 10 * time.Millisecond

// load calls Load on a goroutine of its own, and abandons it when its time is over.
func (r *Reader[K, V]) load(ctx context.Context, id K) (answer[V], error) {
	began := time.Now()
	within, cancel := context.WithTimeout(ctx, r.e.LoadTimeout)
	defer cancel()
	ch := start(func() (answer[V], error) {
		v, found, err := r.e.Load(within, id)
		if !found || err != nil {
			return answer[V]{}, err
		}
		return answer[V]{v, true}, nil
	})
	var a result[answer[V]]
	select {
	case a = <-ch:
	case <-ctx.Done():
		a.err = context.Cause(ctx)
	case <-time.After(plus(r.e.LoadTimeout, grace)):
		a.err = fmt.Errorf("readaside: load %s: no answer within %v: %w", r.e.Name, r.e.LoadTimeout, context.DeadlineExceeded)
	}
	e := Event{Op: OpLoad, Entity: r.e.Name, Outcome: Loaded, Took: time.Since(began)}
	p, panicked := a.err.(*panicError)
	switch {
	case a.err == nil || panicked:
	case ctx.Err() != nil:
		a.err = context.Cause(ctx)
	case a.err == errGoexit:
		a.err = fmt.Errorf("readaside: load %s: %w", r.e.Name, errGoexit)
	}
	if e.Err = a.err; a.err != nil {
		e.Outcome = LoadFailed
	}
	r.s.observe(ctx, e)
	if panicked {
		panic(p)
	}
	return a.value, a.err
}

// fill stores what was loaded, if no other caller does.
func (r *Reader[K, V]) fill(ctx context.Context, rd read, x *loaded[V]) {
	s, ttl := r.s, r.ttl()
	if !x.found {
		ttl = r.e.NegativeTTL
	}
	left := atMostHalf(ctx, rd.left-x.leaseTook)
	failed := rd.state == CacheFailed || rd.state == CacheSkipped
	if x.entry == nil || ttl < 0 || failed || left <= 0 || ctx.Err() != nil || s.pending.has(rd.key) || x.filled.Swap(true) {
		return
	}
	e := Event{Op: OpFill, Entity: r.e.Name}
	s.ask(ctx, left, false, &e, func(ctx context.Context) (bool, error) {
		return s.opt.Cache.SetIfEqual(ctx, rd.key, x.lease, x.entry, ttl)
	})
	s.observe(ctx, e)
}
