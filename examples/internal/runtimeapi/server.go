package runtimeapi

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

const (
	headerRequestID  = "Lambda-Runtime-Aws-Request-Id"
	headerDeadline   = "Lambda-Runtime-Deadline-Ms"
	headerTraceID    = "Lambda-Runtime-Trace-Id"
	headerARN        = "Lambda-Runtime-Invoked-Function-Arn"
	headerErrorType  = "Lambda-Runtime-Function-Error-Type" // of an error; the trailer of a broken stream
	trailerErrorBody = "Lambda-Runtime-Function-Error-Body"

	headerExtensionName = "Lambda-Extension-Name"
	headerExtensionID   = "Lambda-Extension-Identifier"
)

// maxResponse is Lambda's limit on a buffered response: 6 MB as documented, plus the 100 bytes that
// Lambda's emulator adds.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
// https://github.com/aws/aws-lambda-runtime-interface-emulator
const maxResponse = 6<<20 + 100

func (p *Process) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", p.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", p.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", p.failure)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", p.initFailure)
	mux.HandleFunc("POST /2020-01-01/extension/register", p.register)
	mux.HandleFunc("GET /2020-01-01/extension/event/next", p.nextEvent)
	return mux
}

// next answers a poll with the next invocation, and waits for it without a limit. There is no
// invocation before the end of the Init phase.
func (p *Process) next(w http.ResponseWriter, r *http.Request) {
	p.poll()
	select {
	case <-p.ready:
	case <-r.Context().Done():
		return
	}
	select {
	case inv := <-p.invocations:
		deadline := time.Now().Add(inv.Timeout)
		p.mu.Lock()
		p.running[inv.id] = inv
		clear(p.answered) // the server forgets the IDs of earlier invocations
		inv.limit = time.AfterFunc(inv.Timeout+inv.Grace, func() { p.overrun(inv) })
		p.mu.Unlock()
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set(headerRequestID, inv.id)
		h.Set(headerDeadline, strconv.FormatInt(deadline.UnixMilli(), 10))
		h.Set(headerTraceID, inv.TraceID)
		h.Set(headerARN, "arn:aws:lambda:us-east-1:123456789012:function:"+p.name)
		_, _ = w.Write(inv.Payload) // if the process has ended, Invoke returns an error
	case <-r.Context().Done():
	}
}

func (p *Process) response(w http.ResponseWriter, r *http.Request) {
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxResponse))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		const kind = "Function.ResponseSizeTooLarge"
		p.answer(r.PathValue("id"), answer{err: &FunctionError{Type: kind, Message: err.Error()}})
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge")
		return
	}
	if err != nil { // if the process has ended, its ExitError says more
		refuse(w, http.StatusBadRequest, "TruncatedHTTPRequest")
		return
	}
	a := answer{payload: payload}
	// A streaming handler may fail after it has begun its response. Its runtime then ends the body
	// and sends the error in trailers.
	if kind := r.Trailer.Get(headerErrorType); kind != "" {
		body, _ := base64.StdEncoding.DecodeString(r.Trailer.Get(trailerErrorBody)) // optional
		a.err = functionError(kind, body)
	}
	p.accept(w, r, a)
}

func (p *Process) failure(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxResponse))
	if err != nil {
		refuse(w, http.StatusBadRequest, "InvalidRequest")
		return
	}
	p.accept(w, r, answer{err: functionError(r.Header.Get(headerErrorType), body)})
}

func (p *Process) initFailure(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxResponse))
	if err != nil {
		refuse(w, http.StatusBadRequest, "InvalidRequest")
		return
	}
	p.mu.Lock()
	p.initErr = functionError(r.Header.Get(headerErrorType), body)
	p.mu.Unlock()
	accepted(w)
}

// accept forwards an answer to its invocation. It refuses an answer that is late, duplicate or has
// no invocation.
func (p *Process) accept(w http.ResponseWriter, r *http.Request, a answer) {
	id := r.PathValue("id")
	p.mu.Lock()
	again := p.answered[id]
	p.mu.Unlock()
	switch {
	case again:
		refuse(w, http.StatusForbidden, "InvalidStateTransition")
	case !p.answer(id, a):
		refuse(w, http.StatusBadRequest, "InvalidRequestID")
	default:
		accepted(w)
	}
}

func (p *Process) answer(id string, a answer) bool {
	p.mu.Lock()
	inv, ok := p.running[id]
	delete(p.running, id)
	if ok {
		p.answered[id] = true
	}
	p.mu.Unlock()
	if ok {
		inv.limit.Stop()
		inv.answer <- a
	}
	return ok
}

// overrun kills a process that has not answered in time, even if its caller does not wait.
func (p *Process) overrun(inv *invocation) {
	if p.answer(inv.id, answer{err: &TimeoutError{Function: p.name, RequestID: inv.id, After: inv.Timeout}}) {
		_ = p.cmd.Process.Kill() // fails if the process has ended
	}
}

// once closes a channel that may already be closed.
func (p *Process) once(ch chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-ch:
	default:
		close(ch)
	}
}

func accepted(w http.ResponseWriter) {
	writeJSON(w, http.StatusAccepted, map[string]string{"status": "OK"})
}

func refuse(w http.ResponseWriter, status int, kind string) {
	writeJSON(w, status, map[string]string{"errorType": kind, "errorMessage": http.StatusText(status)})
}

func writeJSON(w http.ResponseWriter, status int, body map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // fails if the process has ended
}
