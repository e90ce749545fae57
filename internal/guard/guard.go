// Package guard calls functions of users, whose panics and calls of runtime.Goexit must not end a
// goroutine of this module.
package guard

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// ErrGoexit is the error of a function that called runtime.Goexit, as testing.T.FailNow does.
var ErrGoexit = errors.New("runtime.Goexit was called")

// A PanicError is a panic on its way to another goroutine, which panics with what Unwrap returns:
// what a function recovers and returns is no PanicError. The text has the stack of the origin. If
// the value of the panic is an error, it is in the chain.
type PanicError struct{ err error }

func (p *PanicError) Error() string { return p.err.Error() }
func (p *PanicError) Unwrap() error { return p.err }

// Call returns what fn returns. A panic of fn is an error, a *PanicError.
func Call[T any](fn func() (T, error)) (v T, err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case error:
			err = &PanicError{fmt.Errorf("panic: %w\n\n%s", p, debug.Stack())}
		default:
			err = &PanicError{fmt.Errorf("panic: %v\n\n%s", p, debug.Stack())}
		}
	}()
	return fn()
}

// A Result is what a function has come to.
type Result[T any] struct {
	Value T
	Err   error // ErrGoexit where the function ended its goroutine, a *PanicError where it panicked
}

// Go calls fn on a goroutine of its own and returns the channel that gets the one result.
func Go[T any](fn func() (T, error)) <-chan Result[T] {
	ch := make(chan Result[T], 1)
	go func() {
		r := Result[T]{Err: ErrGoexit}
		defer func() { ch <- r }()
		r.Value, r.Err = Call(fn)
	}()
	return ch
}
