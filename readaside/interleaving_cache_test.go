package readaside_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/warmclient/warmclient/readaside"
	"github.com/warmclient/warmclient/readaside/cachetest"
)

// unwritable is a cache that stores nothing.
type unwritable struct{ *cachetest.Memory }

// things are what the processes read and write.
type things = readaside.Reader[string, int]

func newThings(c readaside.Cache, load func(context.Context, string) (int, bool, error)) (*readaside.Store, *things) {
	s, err := readaside.NewStore(readaside.Options{Cache: c, Prefix: "p"})
	if err != nil {
		panic(err)
	}
	r, err := readaside.NewReader(s, readaside.Entity[string, int]{Name: "thing", Load: load})
	if err != nil {
		panic(err)
	}
	return s, r
}

// A process has a Store of its own.
type process struct {
	w      *world
	name   string
	store  *readaside.Store
	things *things
	dead   bool // none of its steps is taken
}

func (w *world) newProcess(name string) *process {
	p := &process{w: w, name: name}
	p.store, p.things = newThings(&scheduledCache{p}, p.load)
	return p
}

// load reads the database in one step, and returns in another if the world is split.
func (p *process) load(ctx context.Context, _ string) (int, bool, error) {
	v, err := scheduled(ctx, p, "load", 0, func() (int, error) {
		p.w.mu.Lock()
		defer p.w.mu.Unlock()
		return p.w.history[len(p.w.history)-1], nil
	})
	if errors.Is(err, errLost) {
		err = errLoad
	}
	return v, err == nil && v != absent, err
}

// scheduled makes a call when the scheduler takes the step.
func scheduled[T any](ctx context.Context, p *process, name string, what int, apply func() (T, error)) (T, error) {
	type answer struct {
		v   T
		err error
	}
	var (
		w    = p.w
		ch   = make(chan answer, 1)
		none T
		back *step // the answer's
	)
	s := &step{actor: actorOf(ctx), name: p.name + " " + name, p: p, fences: name == "set"}
	give := func(v T, err error) {
		if !w.split {
			ch <- answer{v, err}
			return
		}
		to := func() { ch <- answer{v, err} }
		back = &step{actor: s.actor, name: s.name + " returns", p: p, drop: to, options: func() []option { return []option{{"", to}} }}
		w.park(back)
	}
	late := func() {
		if what&hasEffect != 0 {
			w.arrives(s.actor+" "+s.name, func() { _, _ = apply() })
		}
	}
	s.drop = func() { give(none, errLost) }
	s.options = func() []option {
		options := []option{{"", func() { give(apply()) }}}
		if what&isCacheCall != 0 && what&seesNothing == 0 && w.peek() != nil {
			options = append(options, option{"after an eviction", func() {
				_ = w.cache.Delete(context.Background(), w.key)
				w.excuse(func(*writing) bool { return true })
				give(apply())
			}})
		}
		if w.faults > 0 {
			fault := func(name string, take func()) {
				options = append(options, option{name, func() {
					w.faults--
					w.failed(s)
					take()
				}})
			}
			fault("is lost", s.drop)
			if what&hasEffect != 0 {
				fault("is late", func() {
					late()
					give(none, errLost)
				})
			}
		}
		return options
	}
	w.park(s)
	select {
	case a := <-ch:
		return a.v, a.err
	case <-ctx.Done():
		if w.unpark(s) {
			w.failed(s)
			late()
		} else if back != nil {
			w.unpark(back)
		}
		return none, ctx.Err()
	}
}

// A scheduledCache is the cache as a process sees it.
type scheduledCache struct{ p *process }

func (c *scheduledCache) knows(key string) {
	c.p.w.mu.Lock()
	defer c.p.w.mu.Unlock()
	if c.p.w.key == "" { // in the first world; put sets it in all others
		c.p.w.key = key
	}
}

func (c *scheduledCache) Get(ctx context.Context, key string) ([]byte, error) {
	c.knows(key)
	return scheduled(ctx, c.p, "get", isCacheCall, func() ([]byte, error) {
		return c.p.w.cache.Get(context.Background(), key)
	})
}

func (c *scheduledCache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	c.knows(key)
	c.p.w.fenced(actorOf(ctx), value)
	_, err := scheduled(ctx, c.p, "set", isCacheCall|hasEffect|seesNothing, func() (struct{}, error) {
		c.p.w.wiped(actorOf(ctx))
		return struct{}{}, c.p.w.cache.Set(context.Background(), key, value, ttl)
	})
	return err
}

func (c *scheduledCache) SetIfAbsent(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	c.knows(key)
	return scheduled(ctx, c.p, "set if absent", isCacheCall|hasEffect, func() (bool, error) {
		return c.p.w.cache.SetIfAbsent(context.Background(), key, value, ttl)
	})
}

func (c *scheduledCache) SetIfEqual(ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
	c.knows(key)
	w := c.p.w
	if version := w.decode(value); 0 <= version && version < w.pending(c.p) {
		w.violation("%s stores version %d, and a later write of this process has not reached the cache", actorOf(ctx), version)
	}
	return scheduled(ctx, c.p, "set if equal", isCacheCall|hasEffect, func() (bool, error) {
		return c.p.w.cache.SetIfEqual(context.Background(), key, old, value, ttl)
	})
}

func (c *scheduledCache) Delete(ctx context.Context, key string) error {
	c.knows(key)
	_, err := scheduled(ctx, c.p, "delete", isCacheCall|hasEffect|seesNothing, func() (struct{}, error) {
		c.p.w.wiped(actorOf(ctx))
		return struct{}{}, c.p.w.cache.Delete(context.Background(), key)
	})
	return err
}

// A kind is a kind of write.
type kind struct {
	name    string
	known   bool // ChangedTo
	deletes bool
	outcome string // what do does: "commits", "refuses", "fails" or "panics"
	late    bool   // what fails may commit after Write has returned
}

// write is an actor that writes v. It begins with a step if that has a name.
func (p *process) write(actor, first string, k kind, v int) {
	p.w.start(actor, first, func(ctx context.Context) {
		w := p.w
		wr := &writing{p: p, actor: actor, failed: true}
		w.mu.Lock()
		w.writings = append(w.writings, wr)
		w.mu.Unlock()
		defer func() {
			_ = recover()
			w.mu.Lock()
			defer w.mu.Unlock()
			wr.returned = !p.dead
			w.note("%s has returned", actor)
		}()
		change := p.things.Changed("id")
		if k.known {
			change = p.things.ChangedTo("id", v)
		}
		if k.deletes {
			v = absent
		}
		err := p.store.Write(ctx, func(ctx context.Context) error { return p.do(ctx, wr, k, v) }, change)
		wr.failed = err != nil
	})
}

// do is the function given to Write.
func (p *process) do(ctx context.Context, wr *writing, k kind, v int) error {
	w := p.w
	result := make(chan error, 1)
	commit := func() { w.commit(wr, v) }
	s := &step{actor: wr.actor, name: p.name + " do", p: p, drop: func() { result <- errLost }}
	s.options = func() (options []option) {
		switch k.outcome {
		case "commits":
			options = []option{{"commits", func() { commit(); result <- nil }}}
		case "refuses":
			options = []option{{"refuses", func() { result <- readaside.Unchanged(errTest) }}}
		default:
			options = []option{
				{"commits and " + k.outcome, func() { commit(); result <- errTest }},
				{k.outcome, func() { result <- errTest }},
			}
			if k.late {
				options = append(options, option{k.outcome + " and commits later", func() {
					w.arrives(wr.actor+" commit", commit)
					result <- errTest
				}})
			}
		}
		if w.faults > 0 {
			die := func() { p.dead, w.faults = true, w.faults-1 }
			options = append(options, option{"dies", func() { die(); s.drop() }}, option{"commits and dies", func() { die(); commit(); s.drop() }})
		}
		return options
	}
	w.park(s)
	select {
	case err := <-result:
		if k.outcome == "panics" && err != nil {
			panic(err)
		}
		return err
	case <-ctx.Done():
		if w.unpark(s) && k.outcome != "refuses" {
			w.arrives(wr.actor+" commit", commit)
		}
		return ctx.Err()
	}
}

// read is an actor that reads n times.
func (p *process) read(actor string, n int) {
	for i := range n {
		name := "begins"
		if n > 1 {
			name = fmt.Sprintf("begins read %d", i+1)
		}
		p.w.start(fmt.Sprintf("%s.%d", actor, i+1), name, func(ctx context.Context) { p.get(ctx) })
	}
}

// get reads and compares with the writes that had finished before.
func (p *process) get(ctx context.Context) {
	w := p.w
	done := w.finished(p)
	v, found, err := p.things.Get(ctx, "id")
	switch version := w.versionOf(v, found); {
	case p.dead:
	case errors.Is(err, errLoad), errors.Is(err, context.DeadlineExceeded): // that of a load
	case err != nil:
		w.violation("%s got an error that is not the load's: %v", actorOf(ctx), err)
	case version < done:
		w.violation("%s got version %d, and the write of version %d had finished before", actorOf(ctx), version, done)
	}
}
