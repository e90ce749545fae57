package fleet

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"sync"
	"time"
)

// The world's rates and times. They are much worse than in production, so that each fault occurs
// many times in a short run.
const (
	keys       = 10_000
	zipf       = 1.1
	updates    = 0.05                   // share of the requests
	rate       = 5.0                    // requests per process and second
	cacheTime  = 600 * time.Microsecond // median of a call of the cache
	tableTime  = 4 * time.Millisecond   // median of a load or a write
	spread     = 0.5                    // sigma of the log-normal distribution of both
	slow       = 0.002                  // share of the calls that take fifty times as long
	lost       = 0.002                  // share of the cache's calls whose request or answer is lost
	ambiguous  = 0.002                  // share of the writes whose answer is lost after they committed
	evicted    = 0.02                   // share of the cache's entries evicted per second
	freezes    = 20 * time.Second       // between two freezes of a process, on average
	lifetime   = 60 * time.Second       // of a process, on average
	outage     = 2 * time.Second        // of the cache, in the middle of the run
	cacheWait  = 50 * time.Millisecond  // what each protocol waits for the cache, as readaside does by default
	loadWait   = time.Second            // as readaside's LoadTimeout
	commitWait = 3 * time.Second        // as its WriteTimeout
	valueLife  = 30 * time.Minute       // TTL of a value, as readaside's default
)

var (
	errKilled    = errors.New("fleet: the process was killed")
	errAmbiguous = errors.New("fleet: the answer of the write was lost")
)

// world is a table and a cache in virtual time. The effect of a call happens at one instant between
// its request and its answer, even if the caller has stopped waiting.
type world struct {
	mu      sync.Mutex
	rng     *rand.Rand
	zipf    *rand.Zipf
	rows    map[string]uint64 // the value of each key
	order   map[uint64]int    // when each value was committed: 1, 2, ...
	entries map[string]entry

	finished map[string]finished // the newest write of each key that has returned
	begun    map[string]int      // writes of each key so far
	writing  map[string]int      // writes of each key that run
	exposed  map[string]bool     // keys of which readaside may serve stale values, see write
	values   uint64              // number of values written; all values differ

	loads       map[string]int // in the current second
	second      int64
	hottest     int
	outageFrom  time.Time
	outageUntil time.Time
	tally       Result
	reads       []time.Duration
	writes      []time.Duration
}

type entry struct {
	value  string
	expiry time.Time
}

type finished struct {
	order int
	at    time.Time
}

func newWorld(seed uint64, lasts time.Duration) *world {
	rng := rand.New(rand.NewPCG(seed, 0))
	middle := time.Now().Add(lasts / 2)
	return &world{
		rng: rng, zipf: rand.NewZipf(rng, zipf, 1, keys-1),
		rows: map[string]uint64{}, order: map[uint64]int{}, entries: map[string]entry{},
		finished: map[string]finished{}, begun: map[string]int{}, writing: map[string]int{}, exposed: map[string]bool{},
		loads: map[string]int{}, outageFrom: middle, outageUntil: middle.Add(outage),
	}
}

// random calls f with the world's source of random numbers, which is not safe for concurrent use.
func random[T any](w *world, f func(*rand.Rand) T) T {
	w.mu.Lock()
	defer w.mu.Unlock()
	return f(w.rng)
}

func (w *world) chance(p float64) bool {
	return random(w, func(r *rand.Rand) bool { return r.Float64() < p })
}

// about returns a time from an exponential distribution.
func (w *world) about(mean time.Duration) time.Duration {
	return random(w, func(r *rand.Rand) time.Duration { return time.Duration(r.ExpFloat64() * float64(mean)) })
}

func (w *world) latency(median time.Duration) time.Duration {
	return random(w, func(r *rand.Rand) time.Duration {
		d := float64(median) * math.Exp(spread*r.NormFloat64())
		if r.Float64() < slow {
			d *= 50
		}
		return time.Duration(d)
	})
}

// do reads or changes the world at one instant.
func (w *world) do(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// process is a process of the fleet. Its calls and the answers to them wait while it is frozen.
type process struct {
	*world
	mu   sync.Mutex
	thaw time.Time
	dead bool
}

func (p *process) freeze(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.thaw = time.Now().Add(d)
}

func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead = true
}

// running waits until the process is not frozen, and returns an error if it was killed.
func (p *process) running() error {
	for {
		p.mu.Lock()
		wait, dead := time.Until(p.thaw), p.dead
		p.mu.Unlock()
		if dead {
			return errKilled
		}
		if wait <= 0 {
			return nil
		}
		time.Sleep(wait)
	}
}

// exchange makes a call over the network. The request takes half of the latency, then the effect
// happens, and the answer takes the other half. The effect happens even if ctx is done before.
func (p *process) exchange(ctx context.Context, median time.Duration, lossy bool, effect func()) error {
	if err := p.running(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	half := p.latency(median) / 2
	loseRequest, loseAnswer := lossy && p.chance(lost/2), lossy && p.chance(lost/2)
	answer := make(chan struct{})
	go func() {
		time.Sleep(half)
		if loseRequest || lossy && p.out() {
			return
		}
		p.do(effect)
		time.Sleep(half)
		if !loseAnswer {
			close(answer)
		}
	}()
	select {
	case <-answer:
		return p.running()
	case <-ctx.Done():
		if err := p.running(); err != nil {
			return err
		}
		return ctx.Err()
	}
}

// out reports whether the cache has an outage, in which it does not answer.
func (p *process) out() bool {
	now := time.Now()
	return now.After(p.outageFrom) && now.Before(p.outageUntil)
}

// load reads the value of key from the table.
func (p *process) load(ctx context.Context, key string) (uint64, error) {
	var value uint64
	ctx, cancel := context.WithTimeout(ctx, loadWait)
	defer cancel()
	err := p.exchange(ctx, tableTime, false, func() {
		value = p.rows[key]
		p.tally.Loads++
		if now := time.Now().Unix(); now != p.second {
			p.second = now
			clear(p.loads)
		}
		p.loads[key]++
		p.hottest = max(p.hottest, p.loads[key])
	})
	if err != nil {
		return 0, err // value may still be written
	}
	return value, nil
}

// commit writes the value of key to the table.
func (p *process) commit(ctx context.Context, key string, value uint64) error {
	ctx, cancel := context.WithTimeout(ctx, commitWait)
	defer cancel()
	err := p.exchange(ctx, tableTime, false, func() {
		p.rows[key] = value
		p.order[value] = len(p.order) + 1
	})
	if err == nil && p.chance(ambiguous) {
		return errAmbiguous
	}
	return err
}
