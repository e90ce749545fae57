package lazyclient

import (
	"math/rand/v2"
	"time"
)

const (
	firstBackoff = 50 * time.Millisecond
	maxBackoff   = time.Second
)

// backoff returns how long to wait after the given number of failures in a row. It is never called with
// the lock held. A Backoff that panics counts as nil: on the goroutine of an open it would end the process.
func (h *Holder[T]) backoff(failures int) (d time.Duration) {
	d = min(firstBackoff<<min(failures-1, 5), maxBackoff)
	d -= rand.N(d/4 + 1) // so that processes that failed together do not all come back together
	if h.Backoff != nil {
		defer func() { _ = recover() }()
		d = h.Backoff(failures)
	}
	return d
}

// withBackoff calls do with the backoff, and with the longest one where Backoff calls runtime.Goexit.
func (h *Holder[T]) withBackoff(failures int, do func(wait time.Duration)) {
	wait := maxBackoff
	defer func() { do(wait) }()
	wait = h.backoff(failures)
}

// wallNow is the wall clock alone. The monotonic clock, which time.Now also reads and which timers follow,
// stands still while a virtual machine is frozen; how long a process really was away shows only here.
func wallNow() time.Time { return time.Now().Round(0) }

// pause is a stretch of wall-clock time in which something must not be tried again.
type pause struct {
	since time.Time
	d     time.Duration
}

// over treats a clock that was set back as the end of the pause, not as a reason to wait longer.
func (p pause) over(now time.Time) bool {
	past := now.Sub(p.since)
	return past >= p.d || past < 0
}
