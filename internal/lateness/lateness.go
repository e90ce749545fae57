// Package lateness implements the rule by which the cache adapters detect a connection that died
// silently, as connections do while a process is frozen. Calls on such a connection get no answer
// and no error.
package lateness

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// inARow is how many consecutive calls must exceed their deadline before the connection is
	// presumed dead. A single one may only be slow.
	inARow = 3
	// enough is how long a call must have run before its timeout counts.
	enough = 25 * time.Millisecond
	// between is the minimum time between two clients that are presumed dead, so that a slow
	// service, such as one in another region, does not cause constant reconnects.
	between = time.Minute
)

// ErrDead is in the chain of the error of the call after which the connection is presumed dead.
var ErrDead = errors.New("three calls in a row got no answer: the connection is presumed dead")

// Calls counts the late calls of one cache. The zero value is ready to use. Calls is safe for
// concurrent use by multiple goroutines.
type Calls struct {
	late atomic.Bool // whether count is not 0, so that answered calls need no lock

	mu       sync.Mutex
	client   any
	count    int
	last     time.Time // when the latest late call ended
	replaced time.Time // when a client was presumed dead, by wall clock
}

// Judge records the result err of a call on client that began at the given time with ctx. It
// returns err, or an error that wraps err and [ErrDead] if the connection is now presumed dead.
//
// A call is late if context.DeadlineExceeded is in the chain of err and it ran for at least 25ms.
// After three late calls in a row on one client, the connection is presumed dead. Concurrent calls
// count as one, because a stall of the process makes all of them late. A shorter call and a
// canceled call are ignored. Any other result is an answer and resets the count. A connection is
// presumed dead at most once a minute by wall clock.
func (c *Calls) Judge(ctx context.Context, client any, began time.Time, err error) error {
	switch {
	case err != nil && errors.Is(ctx.Err(), context.Canceled):
		return err
	case !errors.Is(err, context.DeadlineExceeded):
		c.answered()
		return err
	case time.Since(began) < enough || !c.dead(client, began):
		return err
	default:
		return fmt.Errorf("%w: %w", ErrDead, err)
	}
}

func (c *Calls) answered() {
	if !c.late.Load() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear()
}

// dead counts a late call and reports whether the connection is now presumed dead.
func (c *Calls) dead(client any, began time.Time) bool {
	// Comparing a fake with == may panic. Such a client is never presumed dead.
	if !reflect.ValueOf(client).Comparable() {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client != client {
		c.clear()
		c.client = client
	}
	if began.Before(c.last) {
		return false // concurrent with the last counted call
	}
	c.count++
	c.last = time.Now()
	c.late.Store(true)
	now := time.Now().Round(0) // the monotonic clock may stand still while the process is frozen
	if c.count < inARow || !c.replaced.IsZero() && now.Sub(c.replaced) < between {
		return false
	}
	c.clear()
	c.replaced = now
	return true
}

func (c *Calls) clear() {
	c.client, c.count, c.last = nil, 0, time.Time{}
	c.late.Store(false)
}
