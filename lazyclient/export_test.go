package lazyclient

import "time"

var WallNow = wallNow

// Freeze makes it look to h as if the process had been frozen for d from now on: the wall clock has moved on by
// d, and timers have not.
func Freeze[T any](h *Holder[T], d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.flight != nil {
		h.flight.started = h.flight.started.Add(-d)
	}
	h.retry.since = h.retry.since.Add(-d)
	h.expulsed.since = h.expulsed.since.Add(-d)
	if v := h.current.Load(); v != nil {
		v.opened = v.opened.Add(-d)
	}
}

// Strays returns how many opens that a Reset has cut off are still kept.
func Strays[T any](h *Holder[T]) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.strays)
}
