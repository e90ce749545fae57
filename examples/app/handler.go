package app

import (
	"context"
	"encoding/json"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/warmclient/warmclient/lazyclient"
)

// Handler does the work of a function. What it returns is the JSON body of a 200, or an error: one
// of [Request] or of the accounts package becomes the status that belongs to it, any other a 500,
// or a 503 or 504 of accounts.HTTPStatus, whose cause is logged.
type Handler func(ctx context.Context, r *Request) (any, error)

// With returns a Handler that hands fn what h holds, such as the service of [Accounts]: fn is then
// a function of its arguments, and a test of it hands in a holder of lazyclient.Of. Where there is
// none to be had, fn is not called.
func With[T any](h *lazyclient.Holder[T], fn func(ctx context.Context, v T, r *Request) (any, error)) Handler {
	return func(ctx context.Context, r *Request) (any, error) {
		v, err := h.Get(ctx)
		if err != nil {
			return nil, err
		}
		return fn(ctx, v, r)
	}
}

// Function is a Handler as lambda.Start takes it: it takes proxy events of API Gateway (REST API;
// HTTP API in formats 1.0 and 2.0) and of function URLs, and returns the response of the same
// shape. It is safe for concurrent use by multiple goroutines. Its error means that the event was
// none of these.
type Function func(ctx context.Context, event json.RawMessage) (any, error)

// New returns a function that answers one route, such as "GET /users/{username}", with h.
func New(route string, h Handler) Function {
	r := newRoute(route)
	return func(ctx context.Context, payload json.RawMessage) (any, error) {
		start := time.Now()
		e, err := parseEvent(payload)
		if err != nil {
			return nil, err
		}
		ctx, req := begin(ctx, r, e)
		callCtx, cancel := withReserve(ctx)
		defer cancel()
		body, err := call(callCtx, r, e, h)
		a := answerTo(body, err)
		req.end(ctx, a.status, err, time.Since(start))
		return a.shaped(e), nil
	}
}

// call runs h and encodes what it returns. A panic becomes a 500: the process has nothing in hand
// that it could have broken.
func call(ctx context.Context, r route, e *event, h Handler) (body []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			slog.ErrorContext(ctx, "panic", "value", textOf(v), "stack", string(debug.Stack()))
			err = errPanicked
		}
	}()
	values, err := r.match(e)
	if err != nil {
		return nil, err
	}
	out, err := h(ctx, &Request{event: e, values: values})
	if err != nil {
		return nil, err
	}
	return json.Marshal(out)
}

// withReserve ends the work a little before Lambda ends the invocation, so that there is an answer
// and a line in the log to tell why.
func withReserve(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	reserve := min(100*time.Millisecond, time.Until(deadline)/10)
	return context.WithDeadline(ctx, deadline.Add(-reserve))
}
