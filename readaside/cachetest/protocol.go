package cachetest

import (
	"context"
	crand "crypto/rand"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/warmclient/warmclient/readaside"
)

const (
	protocolKeys   = 4
	protocolReads  = 250 // of each reader
	protocolWrites = 40  // of each key
)

// RunProtocol uses two Stores, as two processes would, with the cache that newCache returns. Calls
// of the cache are delayed, reordered and lost: before they take effect, after it, or with a
// delayed effect. RunProtocol fails the test if a Get returns a value older than a write that
// finished before the Get began, or if the cache still has an entry older than a finished write at
// the end.
//
// It injects only faults that package readaside tolerates: a write does not lose both of its steps,
// and no two writes of one key overlap. RunProtocol takes a few seconds.
func RunProtocol(t *testing.T, newCache func(t *testing.T) readaside.Cache) {
	t.Helper()
	t.Run("protocol", func(t *testing.T) {
		p := &protocol{cache: newCache(t), prefix: "cachetest/" + crand.Text(), versions: make([]version, protocolKeys)}
		stores := [2]protocolStore{p.open(t), p.open(t)}

		var workers, late sync.WaitGroup
		p.late = &late
		for key := range protocolKeys {
			workers.Go(func() {
				for i := range protocolWrites {
					p.write(t, stores[i%2], key)
				}
			})
			for i := range 4 {
				workers.Go(func() {
					for range protocolReads {
						p.read(t, stores[i%2], key)
					}
				})
			}
		}
		workers.Wait()
		late.Wait()
		p.settle(t, stores[:])
	})
}

// protocol is a database with a version for each key, and the cache in front of it.
type protocol struct {
	cache  readaside.Cache
	prefix string
	late   *sync.WaitGroup // delayed effects

	mu       sync.Mutex
	versions []version
	healed   bool // faults are off
}

type version struct {
	stored   int  // in the database
	finished int  // by a write that has returned
	lost     bool // a write of the key has lost its second step
}

type protocolStore struct {
	store  *readaside.Store
	reader *readaside.Reader[int, int]
}

func (p *protocol) open(t *testing.T) (s protocolStore) {
	t.Helper()
	var err error
	// The timeouts are long, so that only injected faults fail a call.
	s.store, err = readaside.NewStore(readaside.Options{Cache: unreliable{p}, Prefix: p.prefix, CacheTimeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	s.reader, err = readaside.NewReader(s.store, readaside.Entity[int, int]{
		Name: "version",
		Load: func(_ context.Context, key int) (int, bool, error) {
			v := p.at(key)
			pause()
			return v.stored, v.stored > 0, nil
		},
		LoadTimeout: 10 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (p *protocol) at(key int) version {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.versions[key]
}

func (p *protocol) change(key int, f func(v *version)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.versions[key])
}

// read reads a version and fails the test if the write of a newer one had finished before.
func (p *protocol) read(t *testing.T, s protocolStore, key int) {
	before := p.at(key).finished
	got, _, err := s.reader.Get(t.Context(), key)
	if err != nil {
		t.Errorf("Get returned an error: %v", err)
	} else if got < before {
		t.Errorf("Get returned version %d of key %d, and the write of version %d had finished before", got, key, before)
	}
}

// write writes the next version of a key. The Store gets the new value in some of the writes only.
func (p *protocol) write(t *testing.T, s protocolStore, key int) {
	next := p.at(key).stored + 1
	change := s.reader.Changed(key)
	if rand.N(2) == 0 {
		change = s.reader.ChangedTo(key, next)
	}
	ctx := context.WithValue(t.Context(), writerKey{}, &writer{key: key})
	err := s.store.Write(ctx, func(context.Context) error {
		pause()
		p.change(key, func(v *version) { v.stored = next })
		pause()
		return nil
	}, change)
	if err != nil {
		t.Errorf("Write returned an error: %v", err)
	}
	p.change(key, func(v *version) { v.finished = next })
}

// settle waits until the stores have repeated the lost steps, and compares the cache with the
// database.
func (p *protocol) settle(t *testing.T, stores []protocolStore) {
	t.Helper()
	p.mu.Lock()
	p.healed = true
	p.mu.Unlock()
	time.Sleep(1100 * time.Millisecond) // until an open circuit breaker allows a probe
	for key := range protocolKeys {
		for _, s := range stores {
			p.read(t, s, key)
		}
	}
	third := p.open(t) // a new store, which only knows the content of the cache
	for key := range protocolKeys {
		p.read(t, third, key)
	}
}

type writerKey struct{}

// writer is the state of the write that a call of the cache belongs to.
type writer struct {
	key    int
	fenced bool
}

var errLost = errors.New("cachetest: the call was lost")

// unreliable is the cache with injected faults.
type unreliable struct{ *protocol }

// fault decides whether a call is lost. A write may lose its first step, or, once in a run, its
// second step.
func (u unreliable) fault(ctx context.Context, first bool) (lose bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.healed || rand.N(10) > 0 {
		return false
	}
	w, ok := ctx.Value(writerKey{}).(*writer)
	switch {
	case !ok || first:
		return true
	case !w.fenced || u.versions[w.key].lost:
		return false
	default:
		u.versions[w.key].lost = true
		return true
	}
}

// call makes a call of the cache, or drops the request or the answer.
func call[T any](ctx context.Context, u unreliable, first bool, apply func(ctx context.Context) (T, error)) (none T, err error) {
	pause()
	if u.fault(ctx, first) {
		switch rand.N(3) {
		case 0: // the request is lost
		case 1: // the answer is lost
			_, _ = apply(ctx)
		case 2: // the request arrives late
			detached := context.WithoutCancel(ctx)
			u.late.Go(func() {
				time.Sleep(rand.N(20 * time.Millisecond))
				_, _ = apply(detached)
			})
		}
		return none, errLost
	}
	v, err := apply(ctx)
	if w, ok := ctx.Value(writerKey{}).(*writer); ok && first && err == nil {
		w.fenced = true
	}
	pause()
	return v, err
}

func pause() {
	if rand.N(3) == 0 {
		time.Sleep(rand.N(2 * time.Millisecond))
	}
}

func (u unreliable) Get(ctx context.Context, key string) ([]byte, error) {
	return call(ctx, u, false, func(ctx context.Context) ([]byte, error) { return u.cache.Get(ctx, key) })
}

func (u unreliable) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	_, err := call(ctx, u, true, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, u.cache.Set(ctx, key, value, ttl)
	})
	return err
}

func (u unreliable) SetIfAbsent(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	return call(ctx, u, false, func(ctx context.Context) (bool, error) {
		return u.cache.SetIfAbsent(ctx, key, value, ttl)
	})
}

func (u unreliable) SetIfEqual(ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
	return call(ctx, u, false, func(ctx context.Context) (bool, error) {
		return u.cache.SetIfEqual(ctx, key, old, value, ttl)
	})
}

func (u unreliable) Delete(ctx context.Context, key string) error {
	_, err := call(ctx, u, false, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, u.cache.Delete(ctx, key)
	})
	return err
}
