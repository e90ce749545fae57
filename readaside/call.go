package readaside

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
)

const (
	tripAfter = 3           // failures in a row
	openFor   = time.Second // then one call probes
)

var (
	// errUncounted is what a breaker is told of a call that says nothing about the cache.
	errUncounted = errors.New("readaside: not counted")
	errNoTime    = errors.New("readaside: no time is left for the cache")
)

// A breaker is a circuit breaker for one kind of cache call.
type breaker = gobreaker.TwoStepCircuitBreaker[struct{}]

func newBreaker() *breaker {
	return gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Timeout:     openFor - 1, // gobreaker counts the last instant as open
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= tripAfter },
		IsExcluded:  func(err error) bool { return err == errUncounted },
	})
}

// budget returns the time that the cache calls of a read, or those before a write, may take.
func (s *Store) budget(ctx context.Context) time.Duration {
	return atMostHalf(ctx, s.opt.CacheTimeout)
}

// atMostHalf returns d, or half of the time that ctx has left if that is less.
func atMostHalf(ctx context.Context, d time.Duration) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		d = min(d, time.Until(deadline)/2)
	}
	return d
}

// ask makes one call of the cache in the time that is left, and takes from that what the call
// took. It returns e with Outcome, Took and Err set: the Outcome is Stored or NotStored as call
// reports, or CacheFailed or CacheSkipped. With force, call is made whatever the breaker says.
func (s *Store) ask(
	ctx context.Context, b *breaker, left *time.Duration, force bool, e Event,
	call func(ctx context.Context) (stored bool, err error),
) (done Event) {
	if *left <= 0 {
		e.Outcome, e.Err = CacheSkipped, errNoTime
		return e
	}
	report, err := b.Allow()
	if err != nil && !force {
		e.Outcome, e.Err = CacheSkipped, err
		return e
	}
	counted := *left >= s.opt.CacheTimeout/2
	began := time.Now()
	within, cancel := context.WithDeadline(ctx, began.Add(*left))
	stored, err := false, errGoexit // what remains if the cache ends this goroutine
	defer func() {
		if v := recover(); v != nil {
			err = newPanicError(v)
		}
		cancel()
		e.Took, e.Err = time.Since(began), err
		*left -= e.Took
		switch {
		case err == nil && stored:
			e.Outcome = Stored
		case err == nil:
			e.Outcome = NotStored
		case errors.Is(err, ErrNotReady):
			e.Outcome, err = CacheSkipped, errUncounted
		case !counted || ctx.Err() != nil:
			e.Outcome, err = CacheFailed, errUncounted
		default:
			e.Outcome = CacheFailed
		}
		if report != nil {
			report(err)
		}
		done = e
	}()
	stored, err = call(within)
	return e
}

// each calls fn with 0 to n-1 in parallel, n being 1 at least, and returns when all have returned.
func each(n int, fn func(i int)) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for i := 1; i < n; i++ {
		wg.Go(func() { fn(i) })
	}
	fn(0)
}
