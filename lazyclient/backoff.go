package lazyclient

import (
	"math/rand/v2"
	"time"
)

const firstBackoff, maxBackoff = 50 * time.Millisecond, time.Second

// backoff returns how long to wait after the given number of failures in a row. It is never called
// with the lock held.
func (h *Holder[T]) backoff(failures int) (d time.Duration) {
	d = min(firstBackoff<<min(failures-1, 5), maxBackoff)
	d -= rand.N(d/4 + 1) // so that processes that failed together do not all come back together
	if h.Backoff != nil {
		defer func() { _ = recover() }() // d remains
		d = h.Backoff(failures)
	}
	return d
}

// wallNow is the wall clock alone. The monotonic clock, which time.Now also reads and which timers
// follow, stands still while a virtual machine is frozen.
func wallNow() time.Time { return time.Now().Round(0) }

// pause is a time by wall clock in which something must not be tried again.
type pause struct {
	since time.Time
	d     time.Duration
}

// over reports whether the pause has ended. A clock that was set back ends it.
func (p pause) over(now time.Time) bool {
	past := now.Sub(p.since)
	return past >= p.d || past < 0
}
