package app

import (
	"context"
	"encoding/json"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/warmclient/warmclient/lazyclient"
)

// A Handler handles the requests of a function. Its result is the JSON body of a 200. An error of
// [Request] or of package accounts becomes the status that belongs to it. Any other error becomes a
// 500, or a 503 or 504 as accounts.HTTPStatus returns, and is logged.
type Handler func(ctx context.Context, r *Request) (any, error)

// With returns a Handler that calls fn with the value of h, such as the service of [Accounts]. A
// test passes a holder made with lazyclient.Of instead. If h returns an error, fn is not called.
func With[T any](h *lazyclient.Holder[T], fn func(ctx context.Context, v T, r *Request) (any, error)) Handler {
	return func(ctx context.Context, r *Request) (any, error) {
		v, err := h.Get(ctx)
		if err != nil {
			return nil, err
		}
		return fn(ctx, v, r)
	}
}

// A Function is a Handler in the form that lambda.Start accepts. It accepts proxy events of API
// Gateway (REST API; HTTP API in formats 1.0 and 2.0) and of function URLs, and returns a response
// in the same format. It returns an error for any other event. It is safe for concurrent use by
// multiple goroutines.
type Function func(ctx context.Context, event json.RawMessage) (any, error)

// New returns a function that serves one route, such as "GET /users/{username}", with h.
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

// call calls h and encodes its result. A panic becomes a 500. The process continues, because it has
// no state that the panic could have corrupted.
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

// withReserve sets a deadline shortly before Lambda's deadline, so that there is time for an answer
// and a log line.
func withReserve(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	reserve := min(100*time.Millisecond, time.Until(deadline)/10)
	return context.WithDeadline(ctx, deadline.Add(-reserve))
}
