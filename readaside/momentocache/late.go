package momentocache

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/momentohq/client-sdk-go/momento"
)

// tooLate is how many calls in a row may end in their deadline before their
// client is given up. One is a slow moment of the service; and since keep-alives
// are off, nothing else tells a dead connection.
const tooLate = 3

// lateCalls counts the calls in a row on one client that ended in their
// deadline. The zero value has counted none.
type lateCalls struct {
	some   atomic.Bool // count is not 0: spares the calls that are answered the lock
	mu     sync.Mutex
	client momento.CacheClient
	count  int
	last   time.Time // when the latest of them ended
}

// note takes the outcome of a call under ctx on client that began at that time, and
// reports whether that was the last straw.
func (l *lateCalls) note(ctx context.Context, client momento.CacheClient, began time.Time, err error) bool {
	switch {
	case err != nil && errors.Is(ctx.Err(), context.Canceled):
		return false // the caller left, whatever the cause: that says nothing about the client
	case errors.Is(err, context.DeadlineExceeded):
		return l.timedOut(client, began)
	default:
		l.answered()
		return false
	}
}

func (l *lateCalls) answered() {
	if !l.some.Load() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clear()
}

func (l *lateCalls) timedOut(client momento.CacheClient, began time.Time) bool {
	// A fake may be of a type that == panics on; it is never counted then.
	if !reflect.ValueOf(client).Comparable() {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.client != client {
		l.clear()
		l.client = client
	}
	if began.Before(l.last) {
		// Beside the one counted before, not after it: a stall of the process
		// makes all calls under way late at once.
		return false
	}
	l.count++
	l.last = time.Now()
	l.some.Store(true)
	if l.count < tooLate {
		return false
	}
	l.clear()
	return true
}

func (l *lateCalls) clear() {
	l.client, l.count, l.last = nil, 0, time.Time{}
	l.some.Store(false)
}
