package lazyclient

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

var (
	// ErrClosed is in the chain of the error of a call on a holder that was closed.
	ErrClosed = errors.New("lazyclient: holder is closed")

	// ErrCycle is in the chain of the error that an Open gets if it asks for its own holder with
	// its context, also through the opens of other holders.
	ErrCycle = errors.New("lazyclient: open waits for itself")

	// ErrGoexit means that Open, Release, a Warmer or a Closer called [runtime.Goexit]. If Open did,
	// it is in the chain of an *OpenError.
	ErrGoexit = errors.New("lazyclient: runtime.Goexit was called")

	// ErrOpening is in the chain of the error that TryUse returns while the value is being opened.
	ErrOpening = errors.New("lazyclient: value is being opened")
)

// An OpenError is a failed open. All callers that waited for it, unless Open panicked, and all that
// ask before RetryAt get the same *OpenError, which must not be modified.
type OpenError struct {
	Holder   string    // the holder's Name
	Failures int       // how many opens have failed in a row, this one included
	RetryAt  time.Time // wall clock; a call from then on opens again
	Err      error     // what Open returned, a *PanicError, ErrGoexit, or an error around context.DeadlineExceeded
}

// Error leaves out the stack of a panic.
func (e *OpenError) Error() string {
	text := fmt.Sprint(e.Err)
	if p, ok := e.Err.(*PanicError); ok {
		text = p.summary() // without the stack, since this line may recur in a log
	}
	if e.Failures > 1 {
		return fmt.Sprintf("lazyclient: open %s: %s (%d failures in a row)", e.Holder, text, e.Failures)
	}
	return fmt.Sprintf("lazyclient: open %s: %s", e.Holder, text)
}

// Unwrap returns Err.
func (e *OpenError) Unwrap() error { return e.Err }

// A PanicError is a panic of Open or Release, carried to another goroutine. All waiters of an open
// that panicked panic with the same *PanicError, which must not be modified.
type PanicError struct {
	Holder string // the holder's Name; "" for a panic that WarmAll or CloseAll met and that was not a holder's
	Value  any    // the argument of panic
	Stack  []byte // of the goroutine that panicked, as runtime/debug.Stack prints it
}

// Error includes the stack, so that a panic that ends the process shows where it began.
func (e *PanicError) Error() string {
	return fmt.Sprintf("%s\n\n%s", e.summary(), e.Stack)
}

func (e *PanicError) summary() string {
	if e.Holder == "" {
		return fmt.Sprintf("lazyclient: panic: %v", e.Value)
	}
	return fmt.Sprintf("lazyclient: panic in %s: %v", e.Holder, e.Value)
}

// Unwrap returns Value if that is an error, and nil otherwise.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// guard calls do, and then calls then with do's error, with ErrGoexit, or with a panic, which is
// both p and err. A *PanicError passes as it is: it has the stack of its origin.
func guard(holder string, do func() error, then func(err error, p *PanicError)) {
	err, p := ErrGoexit, (*PanicError)(nil) // unless do returns or panics
	defer func() {
		if r := recover(); r != nil {
			if p, _ = r.(*PanicError); p == nil {
				p = &PanicError{Holder: holder, Value: r, Stack: debug.Stack()}
			}
			err = p
		}
		then(err, p)
	}()
	err = do()
}

// panicked is a panic of Open, as distinct from a *PanicError that Open returned.
type panicked struct{ *PanicError }

// raise continues the panic of an open on the goroutine of a waiter. Any other err is returned.
func raise(err error) error {
	if p, ok := err.(panicked); ok {
		panic(p.PanicError)
	}
	return err
}

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
	// OpenFailed means that Open returned an error, panicked, called runtime.Goexit or overran its
	// Timeout, or that its value had expired.
	OpenFailed
	// Invalidated means that Invalidate, Stale or Reset dropped the current value. Err is what
	// Stale was asked about.
	Invalidated
	// Released means that Release returned nil. A holder without Release has no such events.
	Released
	// ReleaseFailed means that Release returned Err, or panicked: Err is a *PanicError then.
	ReleaseFailed
	// Abandoned means that an Open that is still running is no longer waited for, because it
	// overran its Timeout or because of Reset or Close. The value it may still return is released.
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

// emit calls Observe, if there is one, never with the lock held. Its panic is dropped: on the
// goroutine of an open it would end the process.
func (h *Holder[T]) emit(kind EventKind, took time.Duration, err error) {
	if h.Observe == nil {
		return
	}
	defer func() { _ = recover() }()
	h.Observe(Event{Holder: h.name(), Kind: kind, Took: took, Err: err})
}
