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

// Progress is what a call waits for. The zero value waits for nothing known. It is safe for
// concurrent use by multiple goroutines, since an abandoned call goes on reporting.
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

// text says what was waited for, and within which limit.
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

// Sending notes that a request goes to host. An HTTP client that is given the context it returns
// reports whether it connects or waits; of any other the request waits for its answer.
func (p *Progress) Sending(ctx context.Context, host string) context.Context {
	p.mu.Lock()
	p.phase, p.host = waiting, host
	p.mu.Unlock()
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { p.set(connecting) },
		GotConn: func(httptrace.GotConnInfo) { p.set(waiting) },
	})
}

// Pausing notes that an attempt has ended.
func (p *Progress) Pausing() { p.set(pausing) }

// Clean is [Clean] for the error of an attempt. Before there is a connection no answer can be
// quoted.
func (p *Progress) Clean(err error) error {
	if p.is(connecting) {
		return err
	}
	return Clean(err)
}

// Watch follows the attempts of one call from inside the SDK's retry loop, because the SDK forgets
// them: if time runs out during a pause, its error holds the context's alone.
type Watch struct {
	Progress
	last     error // of the last attempt that ended by itself
	attached bool
	// unsigned: the last attempt has no credentials, or not yet.
	unsigned bool
}

// Attach adds the watch to the options of a call, and takes the SDK's log away from it, whose
// warnings and dumps quote the answer.
func (w *Watch) Attach(logger *logging.Logger, mode *aws.ClientLogMode, options *[]func(*middleware.Stack) error) {
	w.mu.Lock()
	w.attached = true
	w.mu.Unlock()
	*logger, *mode = logging.Nop{}, 0
	*options = append(*options, func(stack *middleware.Stack) error {
		// A stack without these two steps makes no attempts to watch.
		_ = stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("awscall.Attempt", w.attempt), "Retry", middleware.After)
		_ = stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("awscall.Identified", w.identified), "GetIdentity", middleware.After)
		// The last step before the HTTP client, so that a provider of credentials is not traced.
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
	// Here already, because the SDK traces the errors of attempts.
	err = w.Clean(err)
	// Where AWS_NEW_RETRIES_2026 is set, the SDK follows it, however long the pause.
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
		// Whatever the client: net/http prints what arrives on an idle connection.
		request.Close = true
		ctx = w.Sending(ctx, request.URL.Host)
	}
	out, metadata, err := next.HandleDeserialize(ctx, in)
	if response, ok := out.RawResponse.(*smithyhttp.Response); ok && err == nil && response.Body != nil {
		response.Body = limitBody(response.Body, response.StatusCode)
	}
	return out, metadata, err
}

// explain turns the error of the call into a failure.
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
