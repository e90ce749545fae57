package readaside

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
	"time"
)

// get asks the cache for key. A miss is (nil, 0, nil); the failure is one of
// CacheFailed and CacheSkipped, with its error, or 0.
func (e *Engine) get(ctx context.Context, key string) (value []byte, failure Outcome, err error) {
	return ask(ctx, ctx, e, false, func(ctx context.Context) ([]byte, error) {
		return e.opt.Cache.Get(ctx, key)
	})
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
	start := e.clock()
	_, failure, err := ask(caller, context.WithoutCancel(caller), e, s.always,
		func(ctx context.Context) (struct{}, error) {
			if s.ifAbsent {
				return struct{}{}, e.opt.Cache.SetIfAbsent(ctx, s.key, s.value, s.ttl)
			}
			return struct{}{}, e.opt.Cache.Set(ctx, s.key, s.value, s.ttl)
		})
	return Event{Op: OpSet, Entity: entity, Outcome: cmp.Or(failure, Stored), Took: e.since(start), Err: err}
}

// ask makes one call of the cache under parent, in no more than the budget of
// caller, and lets the gate judge it.
func ask[T any](caller, parent context.Context, e *Engine, always bool, fn func(context.Context) (T, error)) (
	v T, failure Outcome, err error,
) {
	verdict, err := e.gate.admit(always)
	if err != nil {
		return v, CacheSkipped, err
	}
	budget := e.gate.budget(caller)
	ctx, cancel := context.WithTimeout(parent, budget)
	defer cancel()
	whole := budget == e.gate.timeout
	err = errGoexit // what remains if an inline call does not return
	defer func() { verdict(judge(parent, ctx, whole, err)) }()
	if e.obeyed {
		v, err = inline(ctx, fn)
	} else {
		waited, ok := e.gate.enter(ctx)
		whole = whole && !waited
		if !ok {
			return v, CacheSkipped, fmt.Errorf("%w: %w", errBusy, context.Cause(ctx))
		}
		v, err = within(ctx, e.gate, fn)
	}
	if err != nil {
		return v, CacheFailed, err
	}
	return v, 0, nil
}

// within waits for a call of the cache until ctx ends, and no longer.
//
// A cache that vouches for that itself is called inline instead: a goroutine costs
// little, but the deep stack that a gRPC call grows on a new one costs a quarter of
// a round trip on loopback.
func within[T any](ctx context.Context, g *gate, fn func(context.Context) (T, error)) (T, error) {
	c := begin(ctx, &g.stuck, func(ctx context.Context) (T, error) {
		defer g.leave()
		return fn(ctx)
	})
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
