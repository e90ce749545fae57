package readaside

import (
	"bytes"
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

// A load is one shared load of a key. It first takes a lease, where it is to fill the cache, and
// then begins.
type load struct {
	name    string        // of the call in the group
	ready   chan struct{} // closed when the load may start, or is not needed any more
	dropped bool          // not needed any more
	waiters int           // callers that have not left

	// What the creator's Get has seen decides about the lease.
	wantsLease bool
	seen       []byte             // replaced by the lease; nil: the lease is stored where nothing is
	limit      time.Duration      // for the lease: the least that any of the callers has left
	skipLease  context.CancelFunc // set while the lease is taken

	began uint64 // the clock when it began; 0: not yet
	lease []byte // acknowledged; nil: none
}

// keyLoads are the load of a key that runs, never nil, and the one that begins when it ends.
type keyLoads struct{ running, next *load }

// loads are the in-flight loads of a Store. Waiting for them, and their results, are the group's.
type loads struct {
	clock atomic.Uint64 // counts the loads that have begun
	group singleflight.Group

	mu    sync.Mutex
	names uint64
	keys  map[string]*keyLoads
}

// A read is what one Get knows when it turns to a load.
type read struct {
	key   string
	since uint64        // the clock when the Get began
	left  time.Duration // for its cache calls
	entry []byte        // what its Get has returned
	state Outcome       // of its Get
}

// join returns a load whose result is no older than the read: the running one, if that had not
// begun when the read did, or if the read has met its lease, since a write that had finished
// before would have replaced that; otherwise the next one. If the load is a new one, it calls run.
func (ls *loads) join(rd *read, run func(*load) any) (*load, <-chan singleflight.Result) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	key := rd.key
	k := ls.keys[key]
	if k == nil {
		k = &keyLoads{running: ls.newLoad(rd)}
		if ls.keys == nil {
			ls.keys = make(map[string]*keyLoads)
		}
		ls.keys[key] = k
		close(k.running.ready)
	}
	l := k.running
	if l.began != 0 && l.began <= rd.since && (l.lease == nil || !bytes.Equal(l.lease, rd.entry)) {
		if k.next == nil {
			k.next = ls.newLoad(rd)
		}
		l = k.next
	}
	l.waiters++
	switch {
	case l.began != 0 || rd.left >= l.limit:
	case l.skipLease == nil:
		l.limit = rd.left
	default:
		time.AfterFunc(rd.left, l.skipLease)
	}
	return l, ls.group.DoChan(l.name, func() (any, error) {
		if <-l.ready; l.dropped {
			return nil, nil // nobody waits for it
		}
		defer ls.end(key, l)
		return run(l), nil
	})
}

func (ls *loads) newLoad(rd *read) *load {
	ls.names++
	return &load{
		name:       strconv.FormatUint(ls.names, 36),
		ready:      make(chan struct{}),
		wantsLease: rd.state == Miss || rd.state == Unreadable,
		seen:       rd.entry,
		limit:      rd.left,
	}
}

// leave is called by a caller that does not wait any more. A next load that nobody waits for is
// dropped.
func (ls *loads) leave(key string, l *load) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l.waiters--
	if k := ls.keys[key]; l.waiters == 0 && k != nil && k.next == l {
		k.next, l.dropped = nil, true
		close(l.ready)
	}
}

// leasing is called when the lease is about to be taken. It returns the time for that.
func (ls *loads) leasing(l *load, skip context.CancelFunc) time.Duration {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l.skipLease = skip
	return l.limit
}

// begin is called right before the load proper.
func (ls *loads) begin(l *load, lease []byte) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l.began, l.lease = ls.clock.Add(1), lease
}

// end lets the next load begin.
func (ls *loads) end(key string, l *load) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if k := ls.keys[key]; k != nil && k.running == l {
		ls.advance(key, k)
	}
}

// forget lets the next load begin without waiting for the running one, which nobody joins any more.
func (ls *loads) forget(key string) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if k := ls.keys[key]; k != nil {
		ls.advance(key, k)
	}
}

func (ls *loads) advance(key string, k *keyLoads) {
	if k.running, k.next = k.next, nil; k.running == nil {
		delete(ls.keys, key)
		return
	}
	close(k.running.ready)
}
