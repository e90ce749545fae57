package awshttp

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"sync"
	"time"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A Phase is what an attempt of a call waits for.
type Phase uint8

// The phases of an attempt, in order.
const (
	Unknown     Phase = iota // nothing is known yet
	Credentials              // until the request is signed; no host is known yet
	Connecting               // to the host or its proxy, name resolution and TLS handshake included
	Answering                // the request is on a connection
	Pausing                  // the service has answered with an error; the next attempt has not begun
)

// String returns a description of the phase.
func (p Phase) String() string {
	switch p {
	case Unknown:
		return "unknown"
	case Credentials:
		return "credentials"
	case Connecting:
		return "connecting"
	case Answering:
		return "waiting for the answer"
	default:
		return "waiting to try again"
	}
}

// Progress records the progress of one call. The zero value is ready to use. A context may carry
// it; see [WithProgress]. It is safe for concurrent use by multiple goroutines, because an
// abandoned call may still write to it.
type Progress struct {
	mu    sync.Mutex
	phase Phase
	host  string
	last  error
}

type progressKey struct{}

// WithProgress returns a context for one call, and its progress. The APIOptions of the client must
// include [RecordProgress].
func WithProgress(ctx context.Context) (context.Context, *Progress) {
	p := &Progress{phase: Credentials}
	return context.WithValue(ctx, progressKey{}, p), p
}

// Waiting returns what the last attempt waits for, or waited for when it ended, and the host and
// port of its request. With a proxy, that is still the host of the service. It is "" before the
// first request.
func (p *Progress) Waiting() (phase Phase, host string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.phase, p.host
}

// Last returns the last error of an attempt that failed before the call's context was done, or nil.
// It is an answer of the service or a connection error, not a timeout. The SDK drops that error if
// the context is done during a pause between attempts or in a later attempt.
func (p *Progress) Last() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// Timeout returns a text that says what the call waited for when its deadline passed:
//
//	no answer from dynamodb.us-east-1.amazonaws.com within 1s (connecting)
func (p *Progress) Timeout(limit time.Duration) string {
	phase, host := p.Waiting()
	limit = limit.Round(time.Millisecond)
	if phase == Credentials {
		return fmt.Sprintf("no AWS credentials within %v", limit)
	}
	text := "no answer"
	if phase == Pausing {
		text = "no good answer"
	}
	if host != "" {
		text += " from " + host
	}
	text += fmt.Sprintf(" within %v", limit)
	if phase == Connecting || phase == Answering {
		text += fmt.Sprintf(" (%v)", phase)
	}
	return text
}

// Enter records that the attempt is in the given phase.
func (p *Progress) Enter(phase Phase) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.phase = phase
}

// Sending records that a request is sent to host. If the request uses the returned context,
// net/http records whether it connects or waits for the answer. Otherwise the phase is Answering.
func (p *Progress) Sending(ctx context.Context, host string) context.Context {
	p.mu.Lock()
	p.phase, p.host = Answering, host
	p.mu.Unlock()
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { p.Enter(Connecting) }, // called again if net/http retries
		GotConn: func(httptrace.GotConnInfo) { p.Enter(Answering) },
	})
}

// RecordProgress makes the calls of a client record their progress in the Progress that their
// context carries. Add it to the APIOptions of a client or a call, which run after the SDK has
// added its own steps.
func RecordProgress(stack *middleware.Stack) error {
	// Insert fails if the stack has no retries. It then has no attempts to record.
	_ = stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("warmclient.Attempt", recordAttempt), "Retry", middleware.After)
	// This step is the last before the transport, so the request has its host and its signature.
	return stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("warmclient.Exchange", recordExchange), middleware.After)
}

func recordAttempt(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	p, ok := ctx.Value(progressKey{}).(*Progress)
	if !ok {
		return next.HandleFinalize(ctx, in)
	}
	p.Enter(Credentials)
	out, metadata, err := next.HandleFinalize(ctx, in)
	if err != nil {
		p.failed(err, ctx.Err() != nil)
	}
	return out, metadata, err
}

func (p *Progress) failed(err error, ended bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !ended && StatusOf(err) > 0 {
		p.phase = Pausing
	}
	if StatusOf(err) > 0 || !ended && !IsTimeout(err) {
		p.last = err
	}
}

// StatusOf returns the HTTP status that err reports, or 0 if no answer arrived. The SDK also
// creates an error with a response that has no status, or a status of 0, if there is no answer.
func StatusOf(err error) int {
	sdk, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if ok && (sdk.Response == nil || sdk.Response.Response == nil) {
		return 0
	}
	answer, ok := errors.AsType[interface {
		error
		HTTPStatusCode() int
	}](err)
	if !ok {
		return 0
	}
	return answer.HTTPStatusCode()
}

// IsTimeout reports whether err has a method Timeout that returns true.
func IsTimeout(err error) bool {
	t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && t.Timeout()
}

func recordExchange(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	p, found := ctx.Value(progressKey{}).(*Progress)
	req, ok := in.Request.(*smithyhttp.Request)
	if !found || !ok {
		return next.HandleFinalize(ctx, in)
	}
	return next.HandleFinalize(p.Sending(ctx, req.URL.Host), in)
}
