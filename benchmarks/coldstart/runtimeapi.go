package coldstart

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// runtimeAPI implements the part of https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
// that a function requires which handles one request at a time.
type runtimeAPI struct {
	ready  chan struct{} // closed by the first poll, which ends the Init phase
	first  sync.Once
	events chan *invocation
	answer chan []byte
}

type invocation struct {
	payload string
	limit   time.Duration
	handed  chan time.Time // takes one
}

var errNoAnswer = errors.New("no answer")

func newRuntimeAPI() *runtimeAPI {
	return &runtimeAPI{ready: make(chan struct{}), events: make(chan *invocation), answer: make(chan []byte, 1)}
}

// invoke sends payload to the function and returns the time at which it was sent, and the answer.
func (a *runtimeAPI) invoke(ctx context.Context, payload string, limit time.Duration) (handed time.Time, response []byte, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("%w in %v", errNoAnswer, limit))
	defer cancel()
	i := &invocation{payload: payload, limit: limit, handed: make(chan time.Time, 1)}
	select {
	case a.events <- i:
	case <-ctx.Done():
		return time.Now(), nil, context.Cause(ctx)
	}
	handed = <-i.handed
	select {
	case response = <-a.answer:
		return handed, response, nil
	case <-ctx.Done():
		return handed, nil, context.Cause(ctx)
	}
}

func (a *runtimeAPI) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		a.first.Do(func() { close(a.ready) })
		select {
		case i := <-a.events:
			i.handed <- time.Now()
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(i.limit).UnixMilli(), 10))
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:getuser")
			_, _ = io.WriteString(w, i.payload)
		case <-r.Context().Done():
		}
	})
	answer := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		select {
		case a.answer <- body:
			w.WriteHeader(http.StatusAccepted)
		default:
			w.WriteHeader(http.StatusBadRequest)
		}
	}
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", answer)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", answer)
	// A runtime registers an extension to receive SIGTERM. This server does not send it.
	mux.HandleFunc("POST /2020-01-01/extension/register", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Lambda-Extension-Identifier", "1")
		_, _ = io.WriteString(w, "{}")
	})
	mux.HandleFunc("GET /2020-01-01/extension/event/next", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	return mux
}
