package fleet

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestFleet also shows that the world is bad enough: every other protocol serves stale values in
// it.
func TestFleet(t *testing.T) {
	p := plan{Processes: []int{20}, Requests: 100_000}
	if text := os.Getenv(planVariable); text != "" {
		require.NoError(t, json.Unmarshal([]byte(text), &p))
	}
	var results []Result
	for _, processes := range p.Processes {
		for _, protocol := range Protocols() {
			r := simulate(t, protocol, processes, p.Requests)
			t.Logf("%+v", r)
			results = append(results, r)
			switch protocol {
			case None:
				assert.Zero(t, r.Stale, protocol)
			case Ours:
				assert.Equal(t, r.Remaining, r.Stale, "stale reads that the documentation does not list")
			default:
				assert.Positive(t, r.Stale, protocol)
			}
		}
	}
	if p.File != "" {
		text, err := json.Marshal(results)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(p.File, text, 0o644))
	}
}

// simulate runs a fleet for a minute, or until there were enough requests if that is later.
func simulate(t *testing.T, protocol string, processes, requests int) (r Result) {
	seconds := max(60, float64(requests)/(rate*float64(processes)))
	lasts := time.Duration(seconds * float64(time.Second))
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(uint64(processes), lasts)
		ctx, cancel := context.WithTimeout(t.Context(), lasts)
		defer cancel()
		var fleet sync.WaitGroup
		for range processes {
			fleet.Go(func() {
				for ctx.Err() == nil {
					live(ctx, t, w, protocol)
				}
			})
		}
		for ctx.Err() == nil {
			time.Sleep(time.Second)
			w.do(w.evict)
		}
		fleet.Wait()
		time.Sleep(time.Minute) // for what a protocol does later, as its second delete: no goroutine may remain
		r = w.tally
		r.Hottest = w.hottest
		r.ReadP50, r.ReadP99 = percentile(w.reads, 0.5), percentile(w.reads, 0.99)
		r.WriteP50, r.WriteP99 = percentile(w.writes, 0.5), percentile(w.writes, 0.99)
	})
	r.Protocol, r.Processes = protocol, processes
	if protocol != Ours {
		r.Remaining = 0
	}
	return r
}

func percentile(d []time.Duration, q float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[int(math.Ceil(q*float64(len(d))))-1]
}

// live is the life of one process: it serves one request at a time, is frozen now and then, and is
// killed in the end, in the middle of whatever it does.
func live(ctx context.Context, t *testing.T, w *world, protocol string) {
	p := &process{world: w}
	c, err := newClient(protocol, p)
	require.NoError(t, err)
	life, end := context.WithTimeout(ctx, w.about(lifetime))
	defer end()
	stop := context.AfterFunc(life, p.kill)
	defer stop()
	go func() {
		for sleep(life, w.about(freezes)) {
			d := time.Duration(float64(10*time.Millisecond) * math.Pow(1000, random(w, (*rand.Rand).Float64)))
			p.freeze(d) // 10 ms to 10 s
		}
	}()
	for sleep(life, w.about(time.Duration(float64(time.Second)/rate))) {
		var key string
		var update bool
		w.do(func() {
			key = strconv.FormatUint(w.zipf.Uint64(), 10)
			update = w.rng.Float64() < updates
		})
		if p.running() != nil {
			break
		}
		if update {
			write(ctx, p, c, key)
		} else {
			read(ctx, p, c, key)
		}
	}
	p.kill()
}

// sleep reports whether d has passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

func read(ctx context.Context, p *process, c client, key string) {
	var before finished
	p.do(func() { before = p.finished[key] })
	r := &request{}
	start := time.Now()
	value, err := c.read(context.WithValue(context.WithoutCancel(ctx), requestKey{}, r), key)
	if p.running() != nil {
		return // there is no one to answer any more
	}
	took := time.Since(start)
	p.do(func() {
		p.tally.Reads++
		p.tally.ReadCalls += r.calls
		p.reads = append(p.reads, took)
		switch {
		case err != nil:
			p.tally.Failed++
		case p.order[value] < before.order:
			p.tally.Stale++
			p.tally.Oldest = max(p.tally.Oldest, start.Sub(before.at))
			if p.exposed[key] {
				p.tally.Remaining++
			}
		}
	})
}

// write updates a key. It marks the key as exposed where the write is one after which the
// documentation of readaside, under "What remains", allows stale values: its process was killed in
// the middle of it, or its second step had no effect on the cache. A later write of the key that
// meets neither, and that no other overlaps, ends that.
func write(ctx context.Context, p *process, c client, key string) {
	var value uint64
	var before int
	alone := true
	p.do(func() {
		p.values++
		value = p.values
		alone = p.writing[key] == 0
		p.writing[key]++
		p.begun[key]++
		before = p.begun[key]
	})
	r := &request{}
	start := time.Now()
	err := c.write(context.WithValue(context.WithoutCancel(ctx), requestKey{}, r), key, value)
	killed := p.running() != nil
	now := time.Now()
	p.do(func() {
		p.writing[key]--
		alone = alone && p.begun[key] == before
		switch {
		case killed || err == nil && !r.replaced:
			p.exposed[key] = true
		case err == nil && alone:
			delete(p.exposed, key)
		}
		if killed {
			return
		}
		p.tally.Writes++
		p.tally.WriteCalls += r.calls
		p.writes = append(p.writes, now.Sub(start))
		if err != nil {
			p.tally.Failed++
		} else if order := p.order[value]; order > p.finished[key].order {
			p.finished[key] = finished{order, now}
		}
	})
}
