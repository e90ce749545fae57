package readaside

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

// maxPending is how many keys a Store remembers whose second step is to be repeated.
const maxPending = 1024

var (
	errPending     = errors.New("readaside: a write has not reached the cache yet")
	errPendingFull = errors.New("readaside: too many writes have not reached the cache: this one is not repeated")
)

// An unreached is a key whose second step was not acknowledged.
type unreached struct {
	entity, key string
	fence       []byte // to be set where the outcome of the write was unknown; nil: the key is deleted
	busy        bool   // being repeated
}

// pending are the keys of a Store whose second step was not acknowledged.
type pending struct {
	n    atomic.Int32 // len(keys)
	mu   sync.Mutex
	keys map[string]*unreached
}

// add remembers u, and reports false where there is no room. A repetition under way of an earlier
// second step says nothing about this one.
func (p *pending) add(u *unreached) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if old := p.keys[u.key]; old != nil && u.fence == nil {
		u.fence = old.fence // the outcome of the earlier write is still unknown
	} else if old == nil && len(p.keys) >= maxPending {
		return false
	}
	if p.keys == nil {
		p.keys = make(map[string]*unreached)
	}
	p.keys[u.key] = u
	p.n.Store(int32(len(p.keys)))
	return true
}

func (p *pending) has(key string) bool {
	if p.n.Load() == 0 {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keys[key] != nil
}

// claim returns up to limit keys that nobody is repeating.
func (p *pending) claim(limit int) (us []*unreached) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, u := range p.keys {
		if len(us) == limit {
			break
		}
		if !u.busy {
			u.busy = true
			us = append(us, u)
		}
	}
	return us
}

// release ends a claim, and forgets u if it was acknowledged.
func (p *pending) release(u *unreached, acknowledged bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u.busy = false
	if acknowledged && p.keys[u.key] == u {
		delete(p.keys, u.key)
		p.n.Store(int32(len(p.keys)))
	}
}

// repeatPending repeats the second steps that were not acknowledged, as far as the breaker allows,
// and returns what is left of the time.
func (s *Store) repeatPending(ctx context.Context, left time.Duration) time.Duration {
	if s.pending.n.Load() == 0 || left <= 0 {
		return left
	}
	limit := maxPending
	switch s.writes.State() {
	case gobreaker.StateOpen:
		return left
	case gobreaker.StateHalfOpen:
		limit = 1 // the probe
	}
	us := s.pending.claim(limit)
	if len(us) == 0 {
		return left
	}
	began := time.Now()
	events := make([]Event, len(us))
	defer func() {
		for i, u := range us {
			s.pending.release(u, events[i].Outcome == Stored)
		}
		for _, e := range events {
			if e.Outcome != CacheSkipped || errors.Is(e.Err, ErrNotReady) {
				s.observe(ctx, e)
			}
		}
	}()
	each(len(us), func(i int) {
		u, left := us[i], left
		e := Event{Op: OpUnfence, Entity: u.entity, Outcome: CacheFailed, Err: errGoexit}
		events[i] = e
		events[i] = s.ask(ctx, s.writes, &left, false, e, func(ctx context.Context) (bool, error) {
			return true, s.deleteOrFence(ctx, u.key, u.fence)
		})
	})
	return left - time.Since(began)
}

// deleteOrFence stores fence under key, or deletes key where there is none.
func (s *Store) deleteOrFence(ctx context.Context, key string, fence []byte) error {
	if fence != nil {
		return s.opt.Cache.Set(ctx, key, fence, s.fenceTTL())
	}
	return s.opt.Cache.Delete(ctx, key)
}

// fenceTTL is the life of a fence: a write is over before that.
func (s *Store) fenceTTL() time.Duration { return plus(s.opt.WriteTimeout, 5*time.Second) }
