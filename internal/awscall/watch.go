package awscall

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// The phases of an attempt.
const (
	credentials = "credentials" // no host is known yet
	connecting  = "connecting"
	waiting     = "waiting for the answer"
	pausing     = "pausing" // between attempts
	unknown     = ""
)

// Progress records what a call waits for. The zero value is ready to use. Progress is safe for
// concurrent use by multiple goroutines, because an abandoned call keeps reporting.
type Progress struct {
	mu    sync.Mutex
	phase string
	host  string
}

func (p *Progress) set(phase string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.phase = phase
}

func (p *Progress) is(phase string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.phase == phase
}

// text returns what the call waited for, and the limit.
func (p *Progress) text(limit time.Duration) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.phase == credentials {
		return fmt.Sprintf("no AWS credentials within %v", limit)
	}
	text := "no answer"
	if p.phase == pausing {
		text = "no good answer"
	}
	if p.host != "" {
		text += " from " + p.host
	}
	text += fmt.Sprintf(" within %v", limit)
	if p.phase == connecting || p.phase == waiting {
		text += " (" + p.phase + ")"
	}
	return text
}

// Sending records that a request is sent to host. If the request uses the returned context,
// net/http records whether it connects or waits for the answer. Otherwise the phase is waiting for
// the answer.
func (p *Progress) Sending(ctx context.Context, host string) context.Context {
	p.mu.Lock()
	p.phase, p.host = waiting, host
	p.mu.Unlock()
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { p.set(connecting) },
		GotConn: func(httptrace.GotConnInfo) { p.set(waiting) },
	})
}

// Pausing records that an attempt has ended.
func (p *Progress) Pausing() { p.set(pausing) }

// Clean is [Clean] for the error of an attempt. It returns err unchanged if there was no
// connection, because err then cannot quote an answer.
func (p *Progress) Clean(err error) error {
	if p.is(connecting) {
		return err
	}
	return Clean(err)
}

// Watch records the attempts of one call from inside the SDK's retry loop, because the SDK drops
// their errors: if the deadline passes during a pause, the SDK returns only the error of the
// context.
type Watch struct {
	Progress
	last     error // of the last attempt that failed before ctx was done
	attached bool
	// unsigned reports that the last attempt has no credentials, or has not obtained them yet.
	unsigned bool
}

// Attach adds the watch to the options of a call and disables the SDK's log for it, because the
// log's warnings and dumps quote the answer.
func (w *Watch) Attach(logger *logging.Logger, mode *aws.ClientLogMode, options *[]func(*middleware.Stack) error) {
	w.mu.Lock()
	w.attached = true
	w.mu.Unlock()
	*logger, *mode = logging.Nop{}, 0
	*options = append(*options, func(stack *middleware.Stack) error {
		// Insert fails if the stack lacks the step. It then has no attempts to record.
		_ = stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("awscall.Attempt", w.attempt), "Retry", middleware.After)
		_ = stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("awscall.Identified", w.identified), "GetIdentity", middleware.After)
		// This is the last step before the HTTP client, so that requests of a credentials provider
		// are not traced.
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("awscall.Transmit", w.transmit), middleware.After)
	})
}

func (w *Watch) attempt(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	w.mu.Lock()
	w.unsigned, w.phase = true, credentials
	w.mu.Unlock()

	out, metadata, err := next.HandleFinalize(ctx, in)
	// The error is cleaned here because the SDK traces the errors of attempts.
	err = w.Clean(err)
	// If AWS_NEW_RETRIES_2026 is set, the SDK pauses for as long as this header says, without a
	// maximum.
	if answer, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && answer.Response != nil {
		answer.Response.Header.Del("X-Amz-Retry-After")
	}

	if !CutShort(ctx, err) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.phase = pausing
		if err != nil {
			w.last = err
		}
	}
	return out, metadata, err
}

func (w *Watch) identified(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	w.mu.Lock()
	w.unsigned, w.phase = false, unknown
	w.mu.Unlock()
	return next.HandleFinalize(ctx, in)
}

func (w *Watch) transmit(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	middleware.DeserializeOutput, middleware.Metadata, error,
) {
	if request, ok := in.Request.(*smithyhttp.Request); ok {
		// This applies to every HTTP client: net/http logs data that arrives on an idle connection.
		request.Close = true
		ctx = w.Sending(ctx, request.URL.Host)
	}
	out, metadata, err := next.HandleDeserialize(ctx, in)
	if response, ok := out.RawResponse.(*smithyhttp.Response); ok && err == nil && response.Body != nil {
		response.Body = limitBody(response.Body, response.StatusCode)
	}
	return out, metadata, err
}

// explain returns the failure for the error of the call.
func (w *Watch) explain(b Budget, permission string, err error) *Failure {
	w.mu.Lock()
	last, unsigned, attached := w.last, w.unsigned, w.attached
	w.mu.Unlock()
	if !attached { // an API that ignores its options
		err = Clean(err)
	}
	if CutShort(b.Ctx, err) {
		return b.Ended(&w.Progress, err, last)
	}
	hint, kind := KindOf(err, permission)
	if unsigned && !errors.Is(kind, ErrThrottled) && StatusOf(err) < 500 {
		return &Failure{ErrAccessDenied, Hinted(hintNone, err)}
	}
	return &Failure{kind, Hinted(hint, err)}
}
