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
	entered := false
	err = errGoexit // what remains if an inline call does not return
	defer func() {
		verdict(judge(parent, ctx, whole, err))
		if entered {
			e.gate.leave() // after the verdict: who waits for room asks the breaker again
		}
	}()
	if e.obeyed {
		v, err = inline(ctx, fn)
	} else {
		var waited bool
		if waited, err = e.gate.enter(ctx, always); err != nil {
			return v, CacheSkipped, err
		}
		whole = whole && !(waited && always) // a read waits for no more than a moment
		v, entered, err = within(ctx, e.gate, fn)
	}
	if err != nil {
		return v, CacheFailed, err
	}
	return v, 0, nil
}

// within waits for a call of the cache until ctx ends, and no longer. It reports
// whether the call has returned; one that has not leaves its room by itself.
//
// A cache that vouches for that itself is called inline instead: a goroutine costs
// little, but the deep stack that a gRPC call grows on a new one costs a quarter of
// a round trip on loopback.
func within[T any](ctx context.Context, g *gate, fn func(context.Context) (T, error)) (v T, returned bool, err error) {
	c := begin(ctx, g, fn)
	select {
	case <-c.done:
	case <-ctx.Done():
		if c.leave() {
			return v, false, fmt.Errorf("the cache did not answer in time: %w", context.Cause(ctx))
		}
	}
	return c.value, true, c.err
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
