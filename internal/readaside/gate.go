package readaside

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

const (
	tripAfter = 3           // failures in a row
	openFor   = time.Second // then one call probes
	maxCalls  = 8           // at a time, of a cache that may be deaf to its context
)

var (
	errStuck = errors.New("too many calls of the cache are stuck")
	errBusy  = errors.New("too many calls of the cache are under way")
	// errNoVerdict ends a call that says nothing about the cache's health.
	errNoVerdict = errors.New("the caller's time was up")
)

// gate knows whether the cache may be called.
type gate struct {
	timeout time.Duration
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
	calls   chan struct{} // holds one for each call that may be deaf
	stuck   atomic.Int32  // those that were left and have not returned
}

func newGate(timeout time.Duration) *gate {
	return &gate{
		timeout: timeout,
		calls:   make(chan struct{}, maxCalls),
		breaker: gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
			Timeout:     openFor - 1, // the breaker counts the last instant as open
			ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= tripAfter },
			IsExcluded:  func(err error) bool { return errors.Is(err, errNoVerdict) },
		}),
	}
}

// admit returns an error where the cache must not be called, else a function
// that takes the call's verdict. With always, only stuck calls stand in the way.
func (g *gate) admit(always bool) (verdict func(error), err error) {
	if g.stuck.Load() >= maxCalls {
		return nil, errStuck
	}
	verdict, err = g.breaker.Allow()
	if err != nil && always {
		return func(error) {}, nil
	}
	return verdict, err
}

// enter returns once there is room for one call more, and an error if there is none
// in time: a read, or its fill, waits for a moment, and then does better without the
// cache; a write waits for as long as ctx allows, since an old absence is at stake.
// It does not do to count calls only when they are stuck: of a cache that goes deaf
// under a burst, all would be.
func (g *gate) enter(ctx context.Context, write bool) (waited bool, err error) {
	select {
	case g.calls <- struct{}{}:
		return false, nil
	default:
	}
	var over <-chan time.Time
	if !write {
		timer := time.NewTimer(g.timeout / 10)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case g.calls <- struct{}{}:
	case <-over:
		return true, errBusy
	case <-ctx.Done():
		return true, fmt.Errorf("%w: %w", errBusy, context.Cause(ctx))
	}
	if !write && g.breaker.State() == gobreaker.StateOpen { // since it was admitted
		g.leave()
		return true, fmt.Errorf("%w: %w", errBusy, gobreaker.ErrOpenState)
	}
	return true, nil
}

func (g *gate) leave() { <-g.calls }

// budget returns the time that a cache call may take: at most half of what the
// caller has left, so that a load still fits in. A caller that has nothing left
// does not wait either, hence the whole for what is done without it.
func (g *gate) budget(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		if half := time.Until(deadline) / 2; half > 0 {
			return min(g.timeout, half)
		}
	}
	return g.timeout
}

// judge returns what a call's end says about the cache. A call that was not made,
// that ran out of less than the whole time, or whose caller is gone, says nothing.
func judge(caller, call context.Context, whole bool, err error) error {
	if err != nil && (errors.Is(err, errBusy) || caller.Err() != nil || call.Err() != nil && !whole) {
		return errNoVerdict
	}
	return err
}
