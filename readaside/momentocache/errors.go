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

// IsAuthError reports whether err says that the service does not accept the client's API key: it is
// the SDK's AuthenticationError. A missing permission is something else, since a new client would
// lack it too.
func IsAuthError(err error) bool {
	return errorCode(err) == momento.AuthenticationError
}

// IsStale reports whether err says that the client should be replaced: IsAuthError reports it, or the
// connection is presumed dead. It is for the Stale field of a holder.
func IsStale(err error) bool {
	return IsAuthError(err) || errors.Is(err, lateness.ErrDead)
}

// errorCode returns the SDK's code for err, "" if it is none of the SDK's.
func errorCode(err error) string {
	if m, ok := errors.AsType[momento.MomentoError](err); ok {
		return m.Code()
	}
	return ""
}

// notReady is the error of a call for which no client could be had, for the reason err.
func notReady(op string, err error) error {
	return fmt.Errorf("momentocache: %s: %w: %w", op, readaside.ErrNotReady, err)
}

// callError is a failed call with what the SDK's errors leave out: they unwrap to nothing, so neither
// the end of the context nor its cause can be seen in them.
type callError struct {
	text string
	errs []error
}

func (e *callError) Error() string   { return e.text }
func (e *callError) Unwrap() []error { return e.errs }

// newCallError describes the failure err of a call under ctx on c. A nil err stands for a call that
// was not made, since ctx was done.
func newCallError(ctx context.Context, c momento.CacheClient, op string, err error) error {
	e := &callError{text: "momentocache: " + op}
	awaitDeadline(ctx, err)
	if err != nil {
		var scrub scrubber // of a client of the user's own
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

// awaitDeadline returns once ctx is done if err says that its deadline has passed. The server knows
// the deadline too, and its answer may come just before the timer of ctx fires.
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

// line returns the text of err. An error of the SDK repeats itself on a second line, in gRPC's words.
func line(err error) string {
	text := err.Error()
	if _, ok := err.(momento.MomentoError); ok {
		text, _, _ = strings.Cut(text, "\n")
	}
	return text
}
