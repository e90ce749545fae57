package readaside

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
)

// errGoexit is the error of a callee that called runtime.Goexit, as t.FailNow
// does in a test's fake.
var errGoexit = errors.New("the call ended its goroutine instead of returning")

// PanicError is a panic that crosses goroutines, with the stack of its origin.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("panic: %v\n\n%s", e.Value, e.Stack)
}

// Unwrap returns the panic's value where that is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// call is one call of foreign code, on a goroutine of its own: whoever waits for
// it can leave when its time is up, even where the callee is deaf to its context.
// A panic and a Goexit are errors of the call.
type call[T any] struct {
	done  chan struct{} // closed when value and err are set
	value T
	err   error
	state atomic.Int32
	gate  *gate // where the call has a room; nil: nowhere
}

const (
	running = iota
	returned
	left
)

func begin[T any](ctx context.Context, g *gate, fn func(context.Context) (T, error)) *call[T] {
	c := &call[T]{done: make(chan struct{}), gate: g}
	go c.run(ctx, fn)
	return c
}

func (c *call[T]) run(ctx context.Context, fn func(context.Context) (T, error)) {
	defer c.end()
	c.err = errGoexit // what remains if fn does not return
	c.value, c.err = fn(ctx)
}

func (c *call[T]) end() {
	if v := recover(); v != nil {
		c.err = &PanicError{Value: v, Stack: debug.Stack()}
	}
	if !c.state.CompareAndSwap(running, returned) && c.gate != nil {
		c.gate.stuck.Add(-1)
		c.gate.leave()
	}
	close(c.done)
}

// leave gives the call up. It reports false if the call has returned after all.
func (c *call[T]) leave() bool {
	if !c.state.CompareAndSwap(running, left) {
		<-c.done // about to be closed
		return false
	}
	if c.gate != nil {
		c.gate.stuck.Add(1)
	}
	return true
}
