package lateness_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/warmclient/warmclient/internal/lateness"
)

// client is compared by its address.
type client struct{ _ int }

var errAnswer = errors.New("refused")

// call makes one call with the given duration, which exceeds its deadline or gets an answer.
func call(t *testing.T, c *lateness.Calls, on any, takes time.Duration, late bool) error {
	t.Helper()
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), takes)
	defer cancel()
	<-ctx.Done()
	if late {
		return c.Judge(ctx, on, began, ctx.Err())
	}
	return c.Judge(ctx, on, began, errAnswer)
}

const long = 30 * time.Millisecond

func TestThreeLateCallsInARowAreADeadConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c lateness.Calls
		one := new(client)
		for range 2 {
			err := call(t, &c, one, long, true)
			assert.NotErrorIs(t, err, lateness.ErrDead)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
		}
		err := call(t, &c, one, long, true)
		assert.ErrorIs(t, err, lateness.ErrDead)
		assert.ErrorIs(t, err, context.DeadlineExceeded, "and why it ended")
	})
}

func TestAnAnswerResetsTheCount(t *testing.T) {
	for name, answer := range map[string]error{"success": nil, "refusal": errAnswer} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var c lateness.Calls
				one := new(client)
				for range 2 {
					_ = call(t, &c, one, long, true)
				}
				assert.Equal(t, answer, c.Judge(t.Context(), one, time.Now(), answer))
				for range 2 {
					assert.NotErrorIs(t, call(t, &c, one, long, true), lateness.ErrDead)
				}
			})
		})
	}
}

func TestACallOfLessThan25msSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c lateness.Calls
		one := new(client)
		for range 10 {
			assert.NotErrorIs(t, call(t, &c, one, 24*time.Millisecond, true), lateness.ErrDead)
		}
		for range 2 {
			_ = call(t, &c, one, 25*time.Millisecond, true)
			_ = call(t, &c, one, 3*time.Millisecond, true)
		}
		assert.ErrorIs(t, call(t, &c, one, 25*time.Millisecond, true), lateness.ErrDead, "nor does it end a row")
	})
}

func TestACallThatItsCallerCanceledSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c lateness.Calls
		one := new(client)
		canceled := func() error {
			began := time.Now()
			ctx, cancel := context.WithCancelCause(t.Context())
			time.Sleep(long)
			cancel(context.DeadlineExceeded) // the cause does not matter
			return c.Judge(ctx, one, began, context.Cause(ctx))
		}
		for range 10 {
			assert.NotErrorIs(t, canceled(), lateness.ErrDead)
		}
		_, _ = call(t, &c, one, long, true), call(t, &c, one, long, true)
		_ = canceled()
		assert.ErrorIs(t, call(t, &c, one, long, true), lateness.ErrDead, "nor does it end a row")
	})
}

func TestLateCallsAtTheSameTimeCountAsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c lateness.Calls
		one := new(client)
		together := func(n int) (dead int) {
			var mu sync.Mutex
			var wg sync.WaitGroup
			for range n {
				wg.Go(func() {
					err := call(t, &c, one, long, true)
					mu.Lock()
					defer mu.Unlock()
					if errors.Is(err, lateness.ErrDead) {
						dead++
					}
				})
			}
			wg.Wait()
			return dead
		}
		assert.Zero(t, together(50))
		assert.Zero(t, together(50))
		assert.Equal(t, 1, together(50))
	})
}

func TestLateCallsOnAnotherClientBeginAnotherRow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c lateness.Calls
		one, other := new(client), new(client)
		for range 2 {
			_ = call(t, &c, one, long, true)
		}
		for range 2 {
			assert.NotErrorIs(t, call(t, &c, other, long, true), lateness.ErrDead)
		}
		assert.ErrorIs(t, call(t, &c, other, long, true), lateness.ErrDead)
	})
}

func TestAConnectionIsPresumedDeadAtMostOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c lateness.Calls
		start, one := time.Now(), new(client)
		var dead []time.Time
		for time.Since(start) < 150*time.Second { // a service that is always slow
			if errors.Is(call(t, &c, one, long, true), lateness.ErrDead) {
				dead = append(dead, time.Now())
				one = new(client) // which replaces it
			}
		}
		assert.Len(t, dead, 3)
		for i := range dead[1:] {
			assert.GreaterOrEqual(t, dead[i+1].Sub(dead[i]), time.Minute)
		}
	})
}

func TestAClientThatCannotBeComparedIsNeverPresumedDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c lateness.Calls
		for range 6 {
			assert.NotErrorIs(t, call(t, &c, []int{1}, long, true), lateness.ErrDead)
		}
	})
}
