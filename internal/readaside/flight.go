package readaside

import (
	"context"
	"sync"
	"time"
)

// flight is one load that all concurrent readers of a key share, and the fill
// that follows it.
//
// golang.org/x/sync/singleflight is not used since it has one result, at its
// end: a reader whose time runs out during the fill could not be given the
// entity that is already loaded, so a hung cache would fail it. Its DoChan also
// kills the process when the call panics, and hangs its waiters for ever when
// the call ends its goroutine.
type flight[T any] struct {
	loaded   chan struct{} // closed when value, found and err are set
	value    T
	found    bool
	err      error
	filled   chan struct{} // closed when the cache has been told, and panicked is set
	panicked *PanicError
}

// wait returns what was loaded, after the fill where time allows. It panics
// where the load did.
func (f *flight[T]) wait(ctx context.Context, g *gate) (v T, found bool, err error) {
	select {
	case <-f.loaded:
	case <-ctx.Done():
		return v, false, context.Cause(ctx)
	}
	if p, ok := f.err.(*PanicError); ok { // of this load, not one in a chain
		panic(p)
	}
	var enough <-chan time.Time
	if budget := g.budget(ctx); budget < g.timeout {
		timer := time.NewTimer(budget)
		defer timer.Stop()
		enough = timer.C
	}
	select {
	case <-f.filled:
		if f.panicked != nil {
			panic(f.panicked)
		}
	case <-enough: // less than the fill may take, which the first reader decided
	case <-ctx.Done():
	}
	return f.value, f.found, f.err
}

// flights are the flights of one kind of entity by cache key.
type flights[T any] struct {
	mu sync.Mutex
	m  map[string]*flight[T]
}

// join returns the flight of key, and whether it is new and so to be flown by
// the caller.
func (fs *flights[T]) join(key string) (f *flight[T], first bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if f, ok := fs.m[key]; ok {
		return f, false
	}
	if fs.m == nil {
		fs.m = make(map[string]*flight[T])
	}
	f = &flight[T]{loaded: make(chan struct{}), filled: make(chan struct{})}
	fs.m[key] = f
	return f, true
}

// forget lets the next reader of key start anew. A flight under way goes on for
// those who are on it.
func (fs *flights[T]) forget(key string) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	delete(fs.m, key)
}

// holds reports whether f has not been forgotten.
func (fs *flights[T]) holds(key string, f *flight[T]) bool {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return fs.m[key] == f
}

// land forgets f, but not a flight that was started since f was forgotten.
func (fs *flights[T]) land(key string, f *flight[T]) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.m[key] == f {
		delete(fs.m, key)
	}
}
