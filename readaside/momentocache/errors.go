package momentocache

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/momentohq/client-sdk-go/momento"
)

// IsAuthError reports whether err says that the service does not accept the
// client's token: the SDK's AuthenticationError. It is meant for the Stale field
// of a holder. A missing permission is something else, since a new client would
// lack it too.
func IsAuthError(err error) bool {
	return errorCode(err) == momento.AuthenticationError
}

// errorCode returns the SDK's code for err, "" if it is none of the SDK's.
func errorCode(err error) string {
	if m, ok := errors.AsType[momento.MomentoError](err); ok {
		return m.Code()
	}
	return ""
}

// callError is a failed call with what the SDK's errors leave out: they unwrap
// to nothing, so neither the context's end nor its cause can be seen in them.
type callError struct {
	text string
	errs []error
}

func (e *callError) Error() string   { return e.text }
func (e *callError) Unwrap() []error { return e.errs }

// newCallError describes the failure err of a call under ctx. A nil err stands
// for a call that was not made, since ctx had ended.
func newCallError(ctx context.Context, call string, err error) error {
	e := &callError{text: "momentocache: " + call}
	awaitDeadline(ctx, err)
	if err != nil {
		err = scrubbed(err)
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

// awaitDeadline returns once ctx has ended if err says that its deadline has
// passed. The server knows the deadline too, and its word for it may come a
// moment before ctx's own timer fires.
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

// line is the text of err. An error of the SDK repeats itself on a second line,
// in gRPC's words.
func line(err error) string {
	text := err.Error()
	if _, ok := err.(momento.MomentoError); ok {
		text, _, _ = strings.Cut(text, "\n")
	}
	return text
}

// scrubbed returns err, or the same error of the SDK without its details if
// they quote a token: the text of an answer is the service's to choose.
func scrubbed(err error) error {
	m, ok := errors.AsType[momento.MomentoError](err)
	if !ok {
		return err
	}
	if m.Code() == momento.AuthenticationError { // an opaque key, if it is quoted, looks like nothing in particular
		return momento.NewMomentoError(m.Code(), "the service does not accept the token", nil)
	}
	if text := err.Error(); redact(text) == text {
		return err
	}
	return momento.NewMomentoError(m.Code(), redact(m.Message()), nil)
}

// redact replaces whatever may be a token, or the beginning of one: both kinds
// are base64 of JSON objects, and base64 of `{"` is `eyJ`.
func redact(text string) string {
	const start = "eyJ"
	before, after, found := strings.Cut(text, start)
	if !found {
		return text
	}
	rest := strings.TrimLeftFunc(after, func(r rune) bool {
		return !notInHost(r) || strings.ContainsRune(".+/=", r)
	})
	return before + redacted + redact(rest)
}
