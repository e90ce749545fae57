package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"

	"github.com/warmclient/warmclient/internal/awshttp"
)

// attemptTimeout leaves time for a second attempt within the default LoadTimeout. It doubles, so a
// table that takes 450 ms answers that one.
const attemptTimeout = 400 * time.Millisecond

// NewDynamoDBClient returns a client for a [Service]: that of a configuration tuned by
// awsconfig.Tune with an AttemptTimeout of 400 ms. A connection that died while the process was
// frozen costs a read or a write one attempt; throttling is retried until its deadline. Where the
// deadline ends a call, the error says what it waited for, and what the last attempt met, which
// [HTTPStatus] looks at and the SDK's own error does not always tell.
//
// A Retryer of cfg is kept, and so is an HTTP client that is not the SDK's; opts are applied last.
func NewDynamoDBClient(cfg aws.Config, opts ...func(*dynamodb.Options)) *dynamodb.Client {
	return dynamodb.NewFromConfig(awshttp.Tune(cfg, attemptTimeout), append([]func(*dynamodb.Options){func(o *dynamodb.Options) {
		o.APIOptions = append(o.APIOptions, awshttp.RecordProgress, recordCall)
	}}, opts...)...)
}

func recordCall(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("accounts.Call", call), middleware.Before)
}

// call adds what the SDK leaves out to the error of a call whose context is done.
func call(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error,
) {
	start := time.Now()
	ctx, progress := awshttp.WithProgress(ctx)
	out, metadata, err := next.HandleInitialize(ctx, in)
	if err == nil || ctx.Err() == nil {
		return out, metadata, err
	}
	e := &callError{err: err, answer: progress.Last()}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		e.waited = progress.Timeout(time.Since(start))
	}
	return out, metadata, e
}

// callError is the error of a call whose context has ended.
type callError struct {
	waited string // for what; "": it was canceled
	answer error  // of the last attempt that had one; may be nil
	err    error  // the SDK's
}

func (e *callError) Error() string {
	text := e.err.Error()
	if e.answer != nil && !errors.Is(e.err, e.answer) {
		text = fmt.Sprintf("the last attempt: %v; %s", e.answer, text)
	}
	if e.waited != "" {
		text = e.waited + ": " + text
	}
	return text
}

// Unwrap includes the answer, which decides the status of the error.
func (e *callError) Unwrap() []error {
	if e.answer == nil {
		return []error{e.err}
	}
	return []error{e.answer, e.err}
}
