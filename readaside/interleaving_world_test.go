package readaside_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

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

func (unwritable) SetIfAbsent(context.Context, string, []byte, time.Duration) (bool, error) {
	return false, nil
}

func (unwritable) SetIfEqual(context.Context, string, []byte, []byte, time.Duration) (bool, error) {
	return false, nil
}

// What may happen to a call besides that it is made.
const (
	hasEffect   = 1 << iota // it may happen late
	seesNothing             // an eviction before it makes no difference
	isCacheCall
)

// pending returns the newest version that the process has written and that has not reached the
// cache.
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

func (wellBehaved) step(int) int   { return 0 }
func (wellBehaved) option(int) int { return 0 }
