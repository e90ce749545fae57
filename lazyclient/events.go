package lazyclient

import (
	"fmt"
	"time"
)

// Event is one step in the life of a holder, as told to its Observe.
type Event struct {
	Holder string // the holder's Name
	Kind   EventKind
	Took   time.Duration // how long Open or Release ran, or had run when it was abandoned; 0 for Invalidated
	Err    error         // what went wrong; nil where nothing did
}

// EventKind says what happened.
type EventKind uint8

const (
	// Opened: Open returned a value, and it is now the current one.
	Opened EventKind = iota + 1
	// OpenFailed: Open returned an error, panicked, called runtime.Goexit or overran its Timeout.
	OpenFailed
	// Invalidated: Invalidate, Stale or Reset dropped the current value. Err is what Stale was asked about.
	Invalidated
	// Released: Release returned nil. A holder without Release has no such events.
	Released
	// ReleaseFailed: Release returned an error or panicked. Err is that error, or a *PanicError.
	ReleaseFailed
	// Abandoned: an Open that is still running will not be waited for any longer, because it overran its
	// Timeout or because of Reset or Close. The value that it may still return is released.
	Abandoned
)

var kindNames = [...]string{
	Opened: "Opened", OpenFailed: "OpenFailed", Invalidated: "Invalidated",
	Released: "Released", ReleaseFailed: "ReleaseFailed", Abandoned: "Abandoned",
}

// String returns the name of the constant.
func (k EventKind) String() string {
	if k == 0 || int(k) >= len(kindNames) {
		return fmt.Sprintf("EventKind(%d)", uint8(k))
	}
	return kindNames[k]
}

// emit tells Observe, if there is one. It is never called with the lock held. Most events happen on the
// goroutine of an open, where a panic would end the process: an observer must not break what it observes,
// so its panic is dropped.
func (h *Holder[T]) emit(kind EventKind, took time.Duration, err error) {
	if h.Observe == nil {
		return
	}
	defer func() { _ = recover() }()
	h.Observe(Event{Holder: h.name(), Kind: kind, Took: took, Err: err})
}
