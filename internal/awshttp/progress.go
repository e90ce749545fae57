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

// Phase is what an attempt of a call waits for.
type Phase uint8

// The phases of an attempt, in their order.
const (
	Credentials Phase = iota // until the request is signed; no host is known yet
	Connecting               // to the host or its proxy, name resolution and TLS handshake included
	Answering                // the request is on a connection
	Pausing                  // the service has answered that it cannot serve; the next attempt has not begun
)

// String returns the phase in words.
func (p Phase) String() string {
	switch p {
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

// Progress is how far one call has come. A context carries it; see [WithProgress]. An abandoned
// call may still be writing to it: it is safe for concurrent use by multiple goroutines.
type Progress struct {
	mu    sync.Mutex
	phase Phase
	host  string
	last  error
}

type progressKey struct{}

// WithProgress returns a context for one call, and its progress. The client of the call needs
// [RecordProgress] among its APIOptions.
func WithProgress(ctx context.Context) (context.Context, *Progress) {
	p := &Progress{}
	return context.WithValue(ctx, progressKey{}, p), p
}

// Waiting returns what the last attempt is waiting for, or was when it ended, and the host and port
// of its request: behind a proxy as well, and "" while there are no credentials.
func (p *Progress) Waiting() (phase Phase, host string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.phase, p.host
}

// Last returns the error of the last attempt that had one before the call's context ended, or nil:
// an answer of the service, or what is wrong with the connection, but no timeout. The SDK drops it
// where the context ends in a pause between attempts, or in a later attempt.
func (p *Progress) Last() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// Timeout says what a call had waited for when its time was over:
//
//	no answer from dynamodb.us-east-1.amazonaws.com within 1s (connecting)
func (p *Progress) Timeout(limit time.Duration) string {
	phase, host := p.Waiting()
	limit = limit.Round(time.Millisecond)
	switch phase {
	case Credentials:
		return fmt.Sprintf("no AWS credentials within %v", limit)
	case Pausing:
		return fmt.Sprintf("no good answer from %s within %v", host, limit)
	default:
		return fmt.Sprintf("no answer from %s within %v (%v)", host, limit, phase)
	}
}

func (p *Progress) enter(phase Phase, host string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.phase, p.host = phase, host
}

// RecordProgress makes the calls of a client record the Progress that their context carries. It is
// for the APIOptions of a client or a call, which run after the SDK has made its own steps.
func RecordProgress(stack *middleware.Stack) error {
	// A stack without retries has no attempts to watch.
	_ = stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("warmclient.Attempt", recordAttempt), "Retry", middleware.After)
	// The last step but the transport: the request has its host, and its signature.
	return stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("warmclient.Exchange", recordExchange), middleware.After)
}

func recordAttempt(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	p, ok := ctx.Value(progressKey{}).(*Progress)
	if !ok {
		return next.HandleFinalize(ctx, in)
	}
	p.enter(Credentials, "")
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

// StatusOf returns the HTTP status that an AWS service answered with, or 0 where err is no answer.
// The SDK, too, makes a response of status 0 where there is none.
func StatusOf(err error) int {
	answer, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok || answer.Response == nil || answer.Response.Response == nil {
		return 0
	}
	return answer.HTTPStatusCode()
}

// IsTimeout reports whether err says of itself that it is one.
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
	host := req.URL.Host
	p.enter(Connecting, host)
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { p.enter(Connecting, host) }, // also where net/http tries again by itself
		GotConn: func(httptrace.GotConnInfo) { p.enter(Answering, host) },
	})
	return next.HandleFinalize(ctx, in)
}
