package readaside

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

const (
	tripAfter = 3           // failures in a row
	openFor   = time.Second // then one call probes
	maxStuck  = 8           // calls that were left and have not returned
)

var (
	errStuck = errors.New("too many calls of the cache are stuck")
	// errNoVerdict ends a call that says nothing about the cache's health.
	errNoVerdict = errors.New("the caller's time was up")
)

// gate knows whether the cache may be called.
type gate struct {
	timeout time.Duration
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
	stuck   atomic.Int32
}

func newGate(timeout time.Duration) *gate {
	return &gate{
		timeout: timeout,
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
	if g.stuck.Load() >= maxStuck {
		return nil, errStuck
	}
	verdict, err = g.breaker.Allow()
	if err != nil && always {
		return func(error) {}, nil
	}
	return verdict, err
}

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

// judge returns what a call's end says about the cache. A call that ran out of
// less than the whole time, or whose caller is gone, says nothing.
func (g *gate) judge(caller, call context.Context, budget time.Duration, err error) error {
	if err != nil && (caller.Err() != nil || call.Err() != nil && budget < g.timeout) {
		return errNoVerdict
	}
	return err
}
