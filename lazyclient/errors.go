package lazyclient

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrClosed is in the chain of the error of a call on a holder that was closed.
	ErrClosed = errors.New("lazyclient: holder is closed")

	// ErrCycle is in the chain of the error that an Open gets if it asks, with its context, for its own holder,
	// directly or through the opens of other holders.
	ErrCycle = errors.New("lazyclient: open waits for itself")

	// ErrGoexit is in the chain of an *OpenError whose Open called [runtime.Goexit], as testing.T.FailNow does.
	ErrGoexit = errors.New("lazyclient: runtime.Goexit was called")

	// ErrOpening is in the chain of the error that TryUse returns while the value is being opened.
	ErrOpening = errors.New("lazyclient: value is being opened")
)

// An OpenError is a failed open. All callers that waited for it, and all that ask before RetryAt, get the same
// *OpenError, which must not be modified.
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

// A PanicError is a panic of Open or Release, carried to another goroutine. All waiters of an open that panicked panic
// with the same *PanicError, which must not be modified.
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
