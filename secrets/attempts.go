package secrets

import (
	"context"
	"errors"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// attempts watches the attempts of one call from inside the SDK's retry loop,
// because the SDK forgets them: when time runs out during a pause, its error
// holds the context's alone. A call that was abandoned may still be writing
// here, hence the mutex.
type attempts struct {
	mu   sync.Mutex
	last error // of the last attempt that ended by itself
	// unidentified: the last attempt has no credentials, or not yet.
	unidentified bool
}

// result returns the error of the last attempt that ended by itself, or nil,
// and whether the last attempt of all got no credentials.
func (a *attempts) result() (last error, unidentified bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.last, a.unidentified
}

// options adds the watch to a call, and keeps the answer's body, which is the
// secret, out of the SDK's log.
func (a *attempts) options(o *secretsmanager.Options) {
	if o.ClientLogMode.IsResponseWithBody() {
		o.ClientLogMode.ClearResponseWithBody()
		o.ClientLogMode |= aws.LogResponse
	}
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		// A stack without these two steps makes no attempts to watch.
		_ = stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("secrets.Attempt", a.attempt), "Retry", middleware.After)
		_ = stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("secrets.Identified", a.identified), "GetIdentity", middleware.After)
		return nil
	})
}

func (a *attempts) attempt(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	a.mu.Lock()
	a.unidentified = true
	a.mu.Unlock()

	out, metadata, err := next.HandleFinalize(ctx, in)
	// Here already, because the SDK logs and traces the errors of attempts.
	err = withoutInput(err)
	// Where AWS_NEW_RETRIES_2026 is set, the SDK obeys it, however long the pause.
	if answer, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && answer.Response != nil {
		answer.Response.Header.Del("X-Amz-Retry-After")
	}

	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil && !cutShort(ctx, err) {
		a.last = err
	}
	return out, metadata, err
}

func (a *attempts) identified(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	a.mu.Lock()
	a.unidentified = false
	a.mu.Unlock()
	return next.HandleFinalize(ctx, in)
}
