// Package lateness is the rule by which the cache adapters find a connection that died unnoticed,
// as one does in a frozen process: it answers nothing, and nothing else tells.
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
	// inARow calls that end in their deadline are taken for a dead connection. One is a slow
	// moment.
	inARow = 3
	// enough is how long a call must have run for its deadline to say anything about the
	// connection.
	enough = 25 * time.Millisecond
	// between is the least time between two clients that are presumed dead: a service that is
	// merely slow, such as one in another region, is not reconnected for ever.
	between = time.Minute
)

// ErrDead is in the chain of the error of the call after which the connection is presumed dead.
var ErrDead = errors.New("three calls in a row got no answer: the connection is presumed dead")

// Calls judges the calls of one cache. The zero value is ready to use. It is safe for concurrent
// use by multiple goroutines.
type Calls struct {
	late atomic.Bool // count is not 0: calls that are answered need no lock

	mu       sync.Mutex
	client   any
	count    int
	last     time.Time // when the latest late call ended
	replaced time.Time // when a client was presumed dead, by wall clock
}

// Judge takes the outcome of a call on client, made under ctx, that began at that time. It returns
// err, or, where the connection is now presumed dead, an error with err and [ErrDead] in its chain.
//
// A call is late if context.DeadlineExceeded is in the chain of err and it ran for at least 25ms.
// Three late calls in a row on one client are a dead connection; calls that run at the same time
// count as one, since a stall of the process makes all of them late. A shorter call and a call
// whose caller canceled it say nothing. Any other outcome is an answer. A connection is presumed
// dead at most once a minute by wall clock.
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

// dead counts a late call.
func (c *Calls) dead(client any, began time.Time) bool {
	// A fake may be of a type that == panics on. It is never presumed dead.
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
		return false // it ran beside the one counted before
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
