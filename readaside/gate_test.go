package readaside_test

import (
	"context"
	"sync"
	"testing/synctest"

	"github.com/warmclient/warmclient/readaside"
)

// gate holds loads up: each load that has read waits until it is let through.
type gate struct {
	mu    sync.Mutex
	loads []chan struct{}
}

// hold makes loads of f wait in g after they have read.
func (g *gate) hold(f *fixture) {
	f.db.hooks(nil, func() {
		g.mu.Lock()
		ch := make(chan struct{})
		g.loads = append(g.loads, ch)
		g.mu.Unlock()
		<-ch
	})
}

// begun returns the number of loads that have read.
func (g *gate) begun() int {
	synctest.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.loads)
}

// pass lets load i return.
func (g *gate) pass(i int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.loads[i])
}

// async calls Get on a goroutine.
func (f *fixture) async(ctx context.Context, id string) <-chan answer {
	ch := make(chan answer, 1)
	go func() {
		var a answer
		defer func() {
			a.panicked = recover()
			ch <- a
		}()
		a.p, a.found, a.err = f.Get(ctx, id)
	}()
	return ch
}

type answer struct {
	p        product
	found    bool
	err      error
	panicked any
}

// withoutCache is for newFixture.
func withoutCache(o *readaside.Options, _ *readaside.Entity[string, product]) { o.Cache = nil }
