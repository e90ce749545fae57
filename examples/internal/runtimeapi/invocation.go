package runtimeapi

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"
)

// An Invocation is one event for a function.
type Invocation struct {
	Payload []byte        // JSON
	Timeout time.Duration // default Options.Timeout
	Grace   time.Duration // how long after Timeout the process is killed; 0 means at once, as on Lambda
	TraceID string        // default is a new one, not sampled
}

// invocation is an invocation that waits for a poll or for its answer.
type invocation struct {
	Invocation
	id     string
	answer chan answer // takes one
	limit  *time.Timer // runs from the hand-over
}

type answer struct {
	payload []byte
	err     error
}

// Invoke gives the event to the process when it polls, and returns its response. A process that
// polls once at a time is invoked sequentially, a process with several open polls concurrently.
//
// The error is a *FunctionError if the function returned an error, a *TimeoutError if it did not
// answer within the timeout and its grace, counted from the poll, and an *ExitError if the process
// has ended. If ctx is done first, Invoke returns its cause, and an invocation in progress
// continues until its timeout.
func (p *Process) Invoke(ctx context.Context, in Invocation) ([]byte, error) {
	inv := &invocation{Invocation: in, id: newRequestID(), answer: make(chan answer, 1)}
	inv.Timeout = cmp.Or(in.Timeout, p.timeout)
	inv.TraceID = cmp.Or(in.TraceID, newTraceID())
	select {
	case p.invocations <- inv:
	case <-p.exited:
		return nil, p.state
	case <-ctx.Done():
		return nil, fmt.Errorf("runtimeapi: %s has not asked for the event: %w", p.name, context.Cause(ctx))
	}
	select {
	case a := <-inv.answer:
		return a.payload, a.err
	case <-p.exited:
		return inv.answeredOr(p.state)
	case <-ctx.Done():
		return nil, fmt.Errorf("runtimeapi: %s has not answered: %w", p.name, context.Cause(ctx))
	}
}

// answeredOr returns the answer if it arrived at the same time as err, and err otherwise.
func (inv *invocation) answeredOr(err error) ([]byte, error) {
	select {
	case a := <-inv.answer:
		return a.payload, a.err
	default:
		return nil, err
	}
}

// newRequestID returns a random UUID, like Lambda's request IDs.
func newRequestID() string {
	b := random(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// newTraceID returns the header of a trace that is not sampled.
// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html
func newTraceID() string {
	root := fmt.Sprintf("1-%08x-%s", uint32(time.Now().Unix()), hex.EncodeToString(random(12)))
	return fmt.Sprintf("Root=%s;Parent=%s;Sampled=0", root, hex.EncodeToString(random(8)))
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}
