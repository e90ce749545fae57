package readaside_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/warmclient/warmclient/readaside"
	"github.com/warmclient/warmclient/readaside/cachetest"
)

// A world is one execution of the real code: processes that share a cache and a database. Whatever
// they do there is a step that waits, without a bound, until the scheduler takes it, and that the
// scheduler may have go wrong. A world runs in a bubble of testing/synctest, so that the scheduler
// knows when no step is missing.
//
// A process that is frozen is one whose step is not taken while others take theirs. An entry that
// has expired is one that is evicted. So no time has to pass; in some worlds it does, and contexts
// end.
type world struct {
	choose chooser
	split  bool // the answer to a call is a step of its own
	faults int  // how many more calls may be lost or late, loads fail, and processes die
	leaps  int  // how many times the clock may leap
	cache  *cachetest.Memory
	procs  []*process

	mu       sync.Mutex
	parked   []*step
	actors   int    // that have not ended
	next     string // the actor whose step has to be the next
	key      string // of the entity in the cache
	history  []int  // the values of the entity; the index is the version
	writings []*writing
	faulty   int // calls that have failed

	report sync.Mutex
	trace  []string
	wrong  string // the first violation

	entry   []byte // as of the last check
	version int    // of the value in entry; -1: none
}

// A chooser decides what happens next.
type chooser interface {
	step(of int) int
	option(of int) int // 0 is that all goes well
}

// A step is what an actor is about to do.
type step struct {
	actor, name string
	p           *process // nil: the world's own
	fences      bool     // sets a fence
	options     func() []option
	drop        func() // ends the step without any effect, if the process is dead
}

type option struct {
	name string
	take func()
}

// absent is the value of an entity that does not exist.
const absent = -1

var (
	errLost = errors.New("lost")
	errLoad = errors.New("load failed")
)

type actorKey struct{}

func actorOf(ctx context.Context) string {
	name, _ := ctx.Value(actorKey{}).(string)
	return name
}

func as(actor string) context.Context {
	return context.WithValue(context.Background(), actorKey{}, actor)
}

// newWorld returns a world of n processes. The entity has the value initial.
func newWorld(choose chooser, n, initial int) *world {
	w := &world{
		choose: choose, cache: cachetest.NewMemory(), history: []int{initial}, version: -1,
	}
	for i := range n {
		w.procs = append(w.procs, w.newProcess(fmt.Sprintf("P%d", i+1)))
	}
	return w
}

// put stores an entry, unless it is nil, in the cache.
func (w *world) put(key string, entry []byte) {
	if w.key = key; entry != nil {
		_ = w.cache.Set(context.Background(), key, entry, time.Hour)
	}
}

// park lets a step wait for the scheduler.
func (w *world) park(s *step) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.parked = append(w.parked, s)
}

// unpark reports whether the step was still waiting.
func (w *world) unpark(s *step) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.Index(w.parked, s)
	if i < 0 {
		return false
	}
	w.parked = slices.Delete(w.parked, i, i+1)
	return true
}

// start runs an actor, beginning with a step if it has a name.
func (w *world) start(actor, first string, run func(ctx context.Context)) {
	w.actors++
	go func() {
		defer func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.actors--
		}()
		if first != "" {
			begin := make(chan struct{})
			w.park(&step{actor: actor, name: first, options: func() []option {
				return []option{{"", func() {
					w.next = actor
					close(begin)
				}}}
			}})
			<-begin
		}
		run(as(actor))
	}()
}

// run takes steps until all actors have ended.
func (w *world) run() {
	for idle := 0; ; {
		synctest.Wait()
		w.check()
		steps := w.ready()
		if len(steps) == 0 {
			if w.actors == 0 {
				return
			}
			if idle++; idle > 100 {
				panic("actors wait for nothing:\n" + strings.Join(w.trace, "\n"))
			}
			time.Sleep(time.Second) // an actor waits for the clock
			continue
		}
		s := steps[0]
		if len(steps) > 1 {
			s = steps[w.choose.step(len(steps))]
		}
		w.unpark(s)
		options := s.options()
		o := options[0]
		if len(options) > 1 {
			o = options[w.choose.option(len(options))]
		}
		w.note("%s %s %s", s.actor, s.name, o.name)
		o.take()
	}
}

// ready returns the steps that may be next, in an order that depends on what has happened alone.
func (w *world) ready() []*step {
	for again := true; again; {
		again = false
		for _, s := range slices.Clone(w.parked) {
			if s.p != nil && s.p.dead && w.unpark(s) {
				s.drop()
				synctest.Wait()
				again = true
			}
		}
	}
	steps := slices.Clone(w.parked)
	slices.SortStableFunc(steps, func(a, b *step) int {
		return cmp.Or(cmp.Compare(a.actor, b.actor), cmp.Compare(a.name, b.name))
	})
	if next := w.next; next != "" && !w.split {
		w.next = ""
		only := slices.DeleteFunc(slices.Clone(steps), func(s *step) bool { return s.actor != next })
		if len(only) > 0 {
			return only
		}
	}
	if w.leaps > 0 && len(steps) > 0 {
		steps = append(steps, &step{actor: "clock", options: func() []option {
			var options []option
			for _, d := range []time.Duration{20 * time.Millisecond, 2 * time.Second, time.Hour} {
				options = append(options, option{"leaps by " + d.String(), func() {
					w.leaps--
					if d >= time.Hour { // fences expire
						w.excuse(func(*writing) bool { return true })
					}
					time.Sleep(d)
				}})
			}
			return options
		}})
	}
	return steps
}

// arrives parks the effect of a call whose caller has got an error. It may never happen.
func (w *world) arrives(name string, effect func()) {
	w.park(&step{actor: "late", name: name, options: func() []option { return []option{{"", effect}} }})
}

// check looks at the cache after each step: no entry is older than a finished write.
func (w *world) check() {
	entry := w.peek()
	if !bytes.Equal(entry, w.entry) {
		w.entry, w.version = entry, w.decode(entry)
	}
	if w.version >= 0 {
		if done := w.finished(nil); w.version < done {
			w.violation("the cache holds version %d, and the write of version %d has finished", w.version, done)
		}
	}
}

func (w *world) note(format string, args ...any) {
	w.report.Lock()
	defer w.report.Unlock()
	w.trace = append(w.trace, strings.TrimSpace(fmt.Sprintf(format, args...)))
}

func (w *world) violation(format string, args ...any) {
	w.report.Lock()
	defer w.report.Unlock()
	if w.wrong == "" {
		w.wrong = fmt.Sprintf(format, args...) + ", after\n\t" + strings.Join(w.trace, "\n\t")
	}
}

func (w *world) peek() []byte {
	if w.key == "" {
		return nil
	}
	entry, _ := w.cache.Get(context.Background(), w.key)
	return entry
}

// unwritable is a cache that stores nothing.
type unwritable struct{ *cachetest.Memory }

func (unwritable) SetIfAbsent(context.Context, string, []byte, time.Duration) (bool, error) {
	return false, nil
}

func (unwritable) SetIfEqual(context.Context, string, []byte, []byte, time.Duration) (bool, error) {
	return false, nil
}

// decode has a process that knows nothing yet read an entry. It returns the version of its value,
// or -1 if there is no entry, or a lease or a fence.
func (w *world) decode(entry []byte) int {
	if entry == nil {
		return -1
	}
	c := cachetest.NewMemory()
	_ = c.Set(context.Background(), w.key, entry, time.Hour)
	_, r := newThings(unwritable{c}, func(context.Context, string) (int, bool, error) { return 0, false, errLoad })
	v, found, err := r.Get(context.Background(), "id")
	if err != nil {
		return -1
	}
	return w.versionOf(v, found)
}

// versionOf returns the last version that has the value, or -1.
func (w *world) versionOf(v int, found bool) int {
	if !found {
		v = absent
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, h := range slices.Backward(w.history) {
		if h == v {
			return i
		}
	}
	return -1
}

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

// What may happen to a call besides that it is made.
const (
	hasEffect   = 1 << iota // it may happen late
	seesNothing             // an eviction before it makes no difference
	isCacheCall
)

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

// A writing is a Write, as the test knows it.
type writing struct {
	p        *process
	actor    string
	fences   [][]byte
	version  int  // in the database; 0: not there
	returned bool // Write has, and its process was alive
	failed   bool // with an error or a panic
	covered  bool
	excused  bool // its fence may be missing
}

// fenced notes the fences of a write.
func (w *world) fenced(actor string, fence []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, wr := range w.writings {
		if wr.actor == actor && !wr.returned {
			wr.fences = append(wr.fences, fence)
		}
	}
}

// commit changes the database.
//
// What the package documents under "What remains" comes down to one rule. A write is covered once
// its own fence is in the cache when it takes effect, or a later fence or Delete, its own or
// another's, has reached the cache since. A write that is not covered has lost its second call or
// its process, and its fence too: that was lost or evicted, or another write replaced or deleted it.
// Only these excuse a fence that is missing.
func (w *world) commit(wr *writing, v int) {
	entry := w.peek()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.history = append(w.history, v)
	wr.version = len(w.history) - 1
	wr.covered = slices.ContainsFunc(wr.fences, func(f []byte) bool { return bytes.Equal(f, entry) })
	// The breaker opens after three failures, and fences are skipped then.
	if !wr.covered && !wr.excused && w.faulty < 3 {
		w.violation("the write of version %d takes effect and its fence is not in the cache", wr.version)
	}
}

// wiped is called when a fence or a Delete of an actor reaches the cache.
func (w *world) wiped(actor string) {
	w.excuse(func(wr *writing) bool { return wr.actor != actor && len(w.writings) > 1 })
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, wr := range w.writings {
		if wr.version > 0 {
			wr.covered = true
		}
	}
}

// failed is called when a call fails.
func (w *world) failed(s *step) {
	w.excuse(func(wr *writing) bool { return s.fences && wr.actor == s.actor })
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faulty++
}

// excuse is called when something has happened after which the fences of some writes may be missing.
func (w *world) excuse(missing func(*writing) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, wr := range w.writings {
		wr.excused = wr.excused || missing(wr)
	}
}

// finished returns the newest version whose write has finished, as far as the process may know: a
// process knows of its own writes, whatever has become of their calls.
func (w *world) finished(p *process) (version int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, wr := range w.writings {
		if wr.returned && (wr.covered || wr.p == p && !wr.failed) {
			version = max(version, wr.version)
		}
	}
	return version
}

// pending returns the newest version that the process has written and that has not reached the cache.
func (w *world) pending(p *process) (version int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, wr := range w.writings {
		if wr.p == p && wr.returned && !wr.failed && !wr.covered {
			version = max(version, wr.version)
		}
	}
	return version
}

// A kind is a kind of write.
type kind struct {
	name    string
	known   bool // ChangedTo
	deletes bool
	outcome string // what do does: "commits", "refuses", "fails" or "panics"
	lands   bool   // what fails may commit after Write has returned
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
			if k.lands {
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

// end lets the processes that are alive run once more. Then each of their writes that has returned
// must have reached the cache.
func (w *world) end() {
	w.parked = nil // what is late never arrives
	w.note("the end")
	w.choose, w.faults, w.split, w.leaps = wellBehaved{}, 0, false, 0
	time.Sleep(1100 * time.Millisecond) // the breaker lets a call through
	for _, p := range w.procs {
		if !p.dead {
			p.read("last "+p.name, 1)
			w.run()
		}
	}
	for _, wr := range w.writings {
		if wr.returned && !wr.failed && !wr.covered && !wr.p.dead {
			w.violation("the write of version %d has returned and never reached the cache", wr.version)
		}
	}
}

// wellBehaved takes the first step, and it goes well.
type wellBehaved struct{}

func (wellBehaved) step(int) int   { return 0 }
func (wellBehaved) option(int) int { return 0 }

// An enumeration chooses in all ways, one execution after the other.
type enumeration struct {
	path, of []int
	at       int
}

func (e *enumeration) step(of int) int   { return e.choice(of) }
func (e *enumeration) option(of int) int { return e.choice(of) }

func (e *enumeration) choice(of int) int {
	if e.at == len(e.path) {
		e.path, e.of = append(e.path, 0), append(e.of, of)
	}
	if e.of[e.at] != of {
		panic(fmt.Sprintf("choice %d is one of %d and was one of %d: the execution depends on more than choices", e.at, of, e.of[e.at]))
	}
	i := e.path[e.at]
	e.at++
	return i
}

// next turns to the next execution, and reports false after the last.
func (e *enumeration) next() bool {
	e.path, e.of = e.path[:e.at], e.of[:e.at]
	e.at = 0
	for n := len(e.path); n > 0; n-- {
		if e.path[n-1]++; e.path[n-1] < e.of[n-1] {
			e.path, e.of = e.path[:n], e.of[:n]
			return true
		}
	}
	return false
}

// play runs the world to its end and fails the test on a violation.
func (w *world) play(t *testing.T, name ...any) {
	t.Helper()
	w.run()
	w.end()
	if w.wrong != "" {
		t.Fatal(append(name, w.wrong)...)
	}
}
