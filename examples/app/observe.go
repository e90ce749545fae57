package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/warmclient/warmclient/readaside"
)

// warm is set when the process has seen its first request.
var warm atomic.Bool

// request holds the logged data of a request.
type request struct {
	id    string
	route string
	cold  bool

	mu    sync.Mutex
	steps []string // of the service, which may add them on several goroutines at once
}

type requestKey struct{}

func requestFrom(ctx context.Context) *request {
	req, _ := ctx.Value(requestKey{}).(*request)
	return req
}

func begin(ctx context.Context, r route, e *event) (context.Context, *request) {
	req := &request{id: e.RequestContext.RequestID, route: r.String(), cold: !warm.Swap(true)}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		req.id = cmp.Or(lc.AwsRequestID, req.id)
	}
	return context.WithValue(ctx, requestKey{}, req), req
}

// end logs the request. It logs only the status of the client's errors, because the answer contains
// their text.
func (req *request) end(ctx context.Context, status int, err error, took time.Duration) {
	req.mu.Lock()
	attrs := []slog.Attr{slog.Int("status", status), millis("duration", took)}
	if len(req.steps) > 0 {
		attrs = append(attrs, slog.Any("steps", slices.Clone(req.steps))) // a fill may still append to it
	}
	req.mu.Unlock()
	level := slog.LevelInfo
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	slog.LogAttrs(ctx, level, "request", attrs...)
}

// observe adds a step of the service to the line of the request that took it.
func observe(ctx context.Context, e readaside.Event) {
	if req := requestFrom(ctx); req != nil {
		req.mu.Lock()
		req.steps = append(req.steps, string(e.Op)+" "+e.Entity+": "+e.Outcome.String())
		req.mu.Unlock()
	}
	if e.Outcome == readaside.CacheFailed || e.Outcome == readaside.Unreadable {
		// The circuit breaker limits the number of these lines.
		slog.WarnContext(ctx, "cache", "op", string(e.Op), "entity", e.Entity, "outcome", e.Outcome.String(), "error", textOf(e.Err))
	}
	if fn, ok := ctx.Value(observerKey{}).(func(readaside.Event)); ok {
		fn(e)
	}
}

type observerKey struct{}

// WithObserver returns a context for a [Function]. The service calls fn for each of its steps, on
// the goroutine of the step.
func WithObserver(ctx context.Context, fn func(readaside.Event)) context.Context {
	return context.WithValue(ctx, observerKey{}, fn)
}

var errPanicked = errors.New("app: the handler panicked")

// textOf returns the text of an error or of the argument of panic.
func textOf(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// millis returns a duration as a number that CloudWatch Logs Insights can compute with.
func millis(key string, d time.Duration) slog.Attr {
	return slog.Float64(key+"Ms", float64(d.Microseconds())/1000)
}
