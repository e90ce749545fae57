package lazyclient

import "time"

var WallNow = wallNow

// Freeze makes it look to h as if the process had been frozen for d from now on: the wall clock has
// moved on by d, and timers have not.
func Freeze[T any](h *Holder[T], d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.opening != nil {
		h.opening.started = h.opening.started.Add(-d)
	}
	h.retry.since = h.retry.since.Add(-d)
	if v := h.current.Load(); v != nil {
		v.opened = v.opened.Add(-d)
		if !v.expires.IsZero() {
			v.expires = v.expires.Add(-d)
		}
	}
}
