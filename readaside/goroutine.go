package readaside

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// errGoexit is the error of a function that called runtime.Goexit, as t.FailNow does.
var errGoexit = errors.New("runtime.Goexit was called")

// A panicError is a panic that crosses goroutines, with the stack of its origin.
type panicError struct {
	value any
	stack []byte
}

// newPanicError returns what recover returned as an error. It must be called by the deferred
// function, so that the stack is that of the panic.
func newPanicError(v any) *panicError {
	if p, ok := v.(*panicError); ok {
		return p
	}
	return &panicError{value: v, stack: debug.Stack()}
}

func (p *panicError) Error() string { return fmt.Sprintf("panic: %v\n\n%s", p.value, p.stack) }

// Unwrap returns the panic's value where that is an error.
func (p *panicError) Unwrap() error {
	err, _ := p.value.(error)
	return err
}

// A result is what a function that ran on a goroutine of its own has come to.
type result[T any] struct {
	value    T
	err      error // errGoexit where the function ended its goroutine
	panicked *panicError
}

// start calls fn on a goroutine of its own and returns the channel that gets the one result.
func start[T any](fn func() (T, error)) <-chan result[T] {
	ch := make(chan result[T], 1)
	go func() {
		r := result[T]{err: errGoexit}
		defer func() {
			if v := recover(); v != nil {
				r.panicked = newPanicError(v)
				r.err = r.panicked
			}
			ch <- r
		}()
		r.value, r.err = fn()
	}()
	return ch
}
