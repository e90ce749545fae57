package momentocache

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/momentohq/client-sdk-go/momento"

	"github.com/warmclient/warmclient/internal/lateness"
	"github.com/warmclient/warmclient/readaside"
)

// IsAuthError reports whether err means that the service does not accept the client's API key,
// which is the SDK's AuthenticationError. A missing permission is not included, because a new
// client would lack it too.
func IsAuthError(err error) bool {
	return errorCode(err) == momento.AuthenticationError
}

// IsStale reports whether the client should be replaced after err: IsAuthError(err) is true, or the
// connection is presumed dead. Use it as the Stale field of a holder.
func IsStale(err error) bool {
	return IsAuthError(err) || errors.Is(err, lateness.ErrDead)
}

// errorCode returns the SDK's code for err, or "" if err is not an error of the SDK.
func errorCode(err error) string {
	if m, ok := errors.AsType[momento.MomentoError](err); ok {
		return m.Code()
	}
	return ""
}

// notReady returns the error of a call that got no client. err is the reason.
func notReady(op string, err error) error {
	return fmt.Errorf("momentocache: %s: %w: %w", op, readaside.ErrNotReady, err)
}

// callError is the error of a failed call. It wraps the error of the context and its cause, because
// the SDK's errors wrap nothing.
type callError struct {
	text string
	errs []error
}

func (e *callError) Error() string   { return e.text }
func (e *callError) Unwrap() []error { return e.errs }

// newCallError returns the error for err, which a call on c with ctx returned. A nil err means that
// the call was not made because ctx was done.
func newCallError(ctx context.Context, c momento.CacheClient, op string, err error) error {
	e := &callError{text: "momentocache: " + op}
	awaitDeadline(ctx, err)
	if err != nil {
		var scrub scrubber // the zero value is for a client not made by Opener
		if c, ok := c.(*client); ok {
			scrub = c.scrub
		}
		err = scrub.err(err)
		e.errs = append(e.errs, err)
		e.text += ": " + line(err)
		if errorCode(err) == momento.TimeoutError {
			e.errs = append(e.errs, context.DeadlineExceeded)
		}
	}
	if ctx.Err() != nil {
		cause := context.Cause(ctx)
		e.errs = append(e.errs, ctx.Err(), cause)
		if why := cause.Error(); !strings.Contains(e.text, why) {
			e.text += ": " + why
		}
	}
	return e
}

// awaitDeadline waits until ctx is done if err means that its deadline has passed. The server also
// knows the deadline, and its answer may arrive just before the timer of ctx fires.
func awaitDeadline(ctx context.Context, err error) {
	const moment = 5 * time.Millisecond
	deadline, ok := ctx.Deadline()
	if !ok || time.Until(deadline) > moment || errorCode(err) != momento.TimeoutError {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(2 * moment):
	}
}

// line returns the text of err. For an error of the SDK, it drops the second line, which repeats
// gRPC's text.
func line(err error) string {
	text := err.Error()
	if _, ok := err.(momento.MomentoError); ok {
		text, _, _ = strings.Cut(text, "\n")
	}
	return text
}
