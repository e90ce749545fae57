package readaside

import (
	"bytes"
	"context"
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
func (ls *loads) join(ctx context.Context, rd read, run func(*load) any) (ch <-chan singleflight.Result, over <-chan struct{}) {
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
		return run(l), nil
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
