package secrets

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/aws/smithy-go"
)

const (
	defaultTimeout = time.Second
	// grace is how long a call may take to notice that its time is over. A
	// call that notices explains itself better than its context can.
	grace = 20 * time.Millisecond
)

// budget is the time for one fetch: the smaller of its own limit and what the
// caller has left.
type budget struct {
	ctx   context.Context
	limit time.Duration // for the text of errors
}

func newBudget(ctx context.Context, limit time.Duration) (budget, context.CancelFunc) {
	if limit <= 0 {
		limit = defaultTimeout
	}
	b := budget{limit: limit}
	if deadline, ok := ctx.Deadline(); ok {
		b.limit = min(limit, max(0, time.Until(deadline)))
	}
	// The whole limit: where the caller's deadline is earlier, its cause stands.
	ctx, cancel := context.WithTimeout(ctx, limit)
	b.ctx = ctx
	return b, cancel
}

// ended says how a fetch ended whose context did: err is what the call
// returned, last the error of its last attempt that ended by itself, or nil.
func (b budget) ended(what string, err, last error) (kind, cause error) {
	return ended(b.ctx, fmt.Sprintf("%s within %v", what, b.limit.Round(time.Millisecond)), err, last)
}

func ended(ctx context.Context, timeoutText string, err, last error) (kind, cause error) {
	c := &chain{errs: []error{ctx.Err()}}
	kind = ErrTimeout
	if errors.Is(ctx.Err(), context.Canceled) {
		kind, c.text = context.Canceled, "the caller gave up"
	} else {
		c.text = timeoutText
	}
	if reason := context.Cause(ctx); !errors.Is(ctx.Err(), reason) {
		c.add(": ", reason)
	}
	if last != nil {
		c.add("; the last attempt: ", last)
	}
	if err != nil {
		c.errs = append(c.errs, err)
	}
	return kind, c
}

// cutShort reports whether err is no more than the sign of ctx's end: no answer
// came, or none that could be read. The transport may report ctx's end as its
// error, its cause, or a connection that it closed itself.
func cutShort(ctx context.Context, err error) bool {
	if ctx.Err() == nil {
		return false
	}
	_, coded := errors.AsType[smithy.APIError](err)
	answered := coded || statusOf(err) > 0
	return !answered || errors.Is(err, errMalformed) || errors.Is(err, ctx.Err())
}

// within calls fn and returns its result, or ctx's error if fn does not return
// when ctx ends: what fn calls, such as a credentials provider, may be deaf to
// its context. It then runs on alone, and its result is dropped. A panic in fn
// panics here.
func within[T any](ctx context.Context, fn func() (T, error)) (T, error) {
	done := make(chan outcome[T], 1)
	go func() {
		o := outcome[T]{err: errGoexit} // until fn returns
		defer func() {
			if v := recover(); v != nil {
				o.panicked = &relayedPanic{value: v, stack: debug.Stack()}
			}
			done <- o
		}()
		o.value, o.err = fn()
	}()

	select {
	case o := <-done:
		return o.get()
	case <-ctx.Done():
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case o := <-done:
		return o.get()
	case <-timer.C:
		var none T
		return none, ctx.Err()
	}
}

type outcome[T any] struct {
	value    T
	err      error
	panicked *relayedPanic
}

func (o outcome[T]) get() (T, error) {
	if o.panicked != nil {
		panic(o.panicked)
	}
	return o.value, o.err
}

var errGoexit = errors.New("the call ended its goroutine")

// relayedPanic carries a panic with its stack to the goroutine that waits.
type relayedPanic struct {
	value any
	stack []byte
}

func (p *relayedPanic) Error() string { return fmt.Sprintf("%v\n\n%s", p.value, p.stack) }

func (p *relayedPanic) Unwrap() error {
	err, _ := p.value.(error)
	return err
}
