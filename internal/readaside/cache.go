package readaside

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"
)

// get asks the cache for key. A miss is (nil, 0, nil); the failure is one of
// CacheFailed and CacheSkipped, with its error, or 0.
func (e *Engine) get(ctx context.Context, key string) (value []byte, failure Outcome, err error) {
	verdict, err := e.gate.admit(false)
	if err != nil {
		return nil, CacheSkipped, err
	}
	budget := e.gate.budget(ctx)
	callCtx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	value, err = within(callCtx, e, func(ctx context.Context) ([]byte, error) {
		return e.opt.Cache.Get(ctx, key)
	})
	verdict(e.gate.judge(ctx, callCtx, budget, err))
	if err != nil {
		return nil, CacheFailed, err
	}
	return value, 0, nil
}

// store is a value on its way to the cache.
type store struct {
	key      string
	value    []byte
	ttl      time.Duration
	ifAbsent bool
	always   bool // whatever the breaker says
}

// set tells the cache, without being cut short by the caller's cancellation.
func (e *Engine) set(caller context.Context, entity string, s store) Event {
	event := Event{Op: OpSet, Entity: entity, Outcome: Stored}
	verdict, err := e.gate.admit(s.always)
	if err != nil {
		event.Outcome, event.Err = CacheSkipped, err
		return event
	}
	start := e.clock()
	budget := e.gate.budget(caller)
	detached := context.WithoutCancel(caller)
	ctx, cancel := context.WithTimeout(detached, budget)
	defer cancel()
	_, err = within(ctx, e, func(ctx context.Context) (struct{}, error) {
		if s.ifAbsent {
			return struct{}{}, e.opt.Cache.SetIfAbsent(ctx, s.key, s.value, s.ttl)
		}
		return struct{}{}, e.opt.Cache.Set(ctx, s.key, s.value, s.ttl)
	})
	verdict(e.gate.judge(detached, ctx, budget, err))
	event.Took = e.since(start)
	if err != nil {
		event.Outcome, event.Err = CacheFailed, err
	}
	return event
}

// within waits for a call of the cache until ctx ends, and no longer. A cache that
// vouches for that itself is called right here: a goroutine costs little, but the
// deep stack that a gRPC call grows on a new one costs a quarter of a round trip
// on loopback.
func within[T any](ctx context.Context, e *Engine, fn func(context.Context) (T, error)) (T, error) {
	if e.obeyed {
		return inline(ctx, fn)
	}
	c := begin(ctx, &e.gate.stuck, fn)
	select {
	case <-c.done:
	case <-ctx.Done():
		if c.leave() {
			var none T
			return none, fmt.Errorf("the cache did not answer in time: %w", context.Cause(ctx))
		}
	}
	return c.value, c.err
}

// inline calls fn; a panic is its error.
func inline[T any](ctx context.Context, fn func(context.Context) (T, error)) (value T, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return fn(ctx)
}
