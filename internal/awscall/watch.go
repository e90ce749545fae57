package awscall

import (
	"context"
	"errors"
	"net/url"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/warmclient/warmclient/internal/awshttp"
)

// CleanAttempt is [Clean] for the error of an attempt. It returns err unchanged if there was no
// connection, because err then cannot quote an answer.
func CleanAttempt(p *awshttp.Progress, err error) error {
	if phase, _ := p.Waiting(); phase == awshttp.Connecting {
		return err
	}
	return Clean(err)
}

// Watch records the attempts of one call from inside the SDK's retry loop, because the SDK drops
// their errors: if the deadline passes during a pause, the SDK returns only the error of the
// context.
type Watch struct {
	awshttp.Progress

	mu       sync.Mutex // guards what follows
	last     error      // of the last attempt that failed before ctx was done
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
	w.unsigned = true
	w.mu.Unlock()
	w.Enter(awshttp.Credentials)

	out, metadata, err := next.HandleFinalize(ctx, in)
	// The error is cleaned here because the SDK traces the errors of attempts.
	err = CleanAttempt(&w.Progress, err)
	// If AWS_NEW_RETRIES_2026 is set, the SDK pauses for as long as this header says, without a
	// maximum.
	if answer, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && answer.Response != nil {
		answer.Response.Header.Del("X-Amz-Retry-After")
	}

	if !CutShort(ctx, err) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.Enter(awshttp.Pausing)
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
	w.unsigned = false
	w.mu.Unlock()
	w.Enter(awshttp.Unknown)
	return next.HandleFinalize(ctx, in)
}

func (w *Watch) transmit(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	middleware.DeserializeOutput, middleware.Metadata, error,
) {
	request, ok := in.Request.(*smithyhttp.Request)
	if ok {
		// This applies to every HTTP client: net/http logs data that arrives on an idle connection.
		request.Close = true
		ctx = w.Sending(ctx, request.URL.Host)
	}
	out, metadata, err := next.HandleDeserialize(ctx, in)
	if exchange, failed := errors.AsType[*url.Error](err); ok && failed && exchange.URL != request.URL.String() {
		err = errRedirect // err quotes the target, which is a part of an answer
	}
	if response, ok := out.RawResponse.(*smithyhttp.Response); ok && err == nil && response.Body != nil {
		dropUpgrade(response.Response)
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
	if unsigned && !errors.Is(kind, ErrThrottled) && awshttp.StatusOf(err) < 500 {
		return &Failure{ErrAccessDenied, Hinted(hintNone, err)}
	}
	return &Failure{kind, Hinted(hint, err)}
}
