package lazyclient

import (
	"fmt"
	"time"
)

// An Event is one step in the life of a holder, as passed to its Observe.
type Event struct {
	Holder string // the holder's Name
	Kind   EventKind
	Took   time.Duration // the time that Open or Release ran, so far if it was abandoned; 0 for Invalidated
	Err    error         // nil if nothing failed
}

// An EventKind is the kind of an Event.
type EventKind uint8

const (
	// Opened means that Open returned a value, which is now the current one.
	Opened EventKind = iota + 1
	// OpenFailed means that Open returned an error, panicked, called runtime.Goexit or overran its Timeout, or that
	// its value had expired.
	OpenFailed
	// Invalidated means that Invalidate, Stale or Reset dropped the current value. Err is what Stale was asked about.
	Invalidated
	// Released means that Release returned nil. A holder without Release has no such events.
	Released
	// ReleaseFailed means that Release returned an error or panicked. Err is that error, or a *PanicError.
	ReleaseFailed
	// Abandoned means that an Open that is still running is not waited for any longer, because it overran its
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

// emit calls Observe, if there is one, never with the lock held. Its panic is dropped: on the goroutine of an open it
// would end the process.
func (h *Holder[T]) emit(kind EventKind, took time.Duration, err error) {
	if h.Observe == nil {
		return
	}
	defer func() { _ = recover() }()
	h.Observe(Event{Holder: h.name(), Kind: kind, Took: took, Err: err})
}
