package accounts

import (
	"context"
	"errors"
	"fmt"
)

// Kind is the kind of an [*Error]. It is itself an error, so that errors.Is(err, accounts.NotFound)
// works on the errors of a [Service].
type Kind uint8

// The kinds, with the HTTP status that [HTTPStatus] gives them.
const (
	Invalid       Kind = iota + 1 // 400: a name or a role breaks the rules
	Forbidden                     // 403: the adder's role is too low
	NotFound                      // 404
	AlreadyExists                 // 409
)

// Error returns the kind in words: "accounts: not found".
func (k Kind) Error() string { return "accounts: " + k.text() }

func (k Kind) text() string {
	switch k {
	case Invalid:
		return "invalid"
	case Forbidden:
		return "forbidden"
	case NotFound:
		return "not found"
	case AlreadyExists:
		return "already exists"
	default:
		return fmt.Sprintf("kind %d", uint8(k))
	}
}

// Error is a refusal: the request breaks a rule. Any other error of a [Service] is a failure of the
// table, of the network, or of the caller's context.
type Error struct {
	Kind   Kind   // what Unwrap returns
	Entity string // "user", "organization" or "membership"
	ID     string // the name as the caller gave it, without the end of an overlong one
	Reason string // what is wrong, in words; may be empty
}

// Error returns the entity, its id and the kind: `accounts: user "ann": not found`.
func (e *Error) Error() string {
	text := fmt.Sprintf("accounts: %s %q: %s", e.Entity, e.ID, e.Kind.text())
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}

// Unwrap returns the error's [Kind].
func (e *Error) Unwrap() error { return e.Kind }

// failure is an error that is no refusal, whatever is in its chain: the cause of a context may be
// the refusal of another call.
type failure struct {
	text   string
	err    error
	status int // see [HTTPStatus]
}

func (f *failure) Error() string { return "accounts: " + f.text + ": " + f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// failed adds what a call was about to err, unless that is a refusal, which has it.
func failed(err error, doing, id string) error {
	if _, refused := err.(*Error); refused { // not one in the chain of a failure
		return err
	}
	return &failure{fmt.Sprintf("%s %q", doing, id), err, statusOf(err)}
}

// endedError is the error of a call whose context has ended. The SDK's own error has the end but
// not its cause.
type endedError struct {
	cause    error // of the end, which may be any error
	deadline bool
	err      error // of the call; nil if it was not made
}

// withCause adds why ctx ended, if it has, to the error that a call returned.
func withCause(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return &endedError{context.Cause(ctx), errors.Is(ctx.Err(), context.DeadlineExceeded), err}
}

func (e *endedError) Error() string {
	switch {
	case e.err == nil:
		return e.cause.Error()
	case errors.Is(e.err, e.cause):
		return e.err.Error()
	default:
		return e.cause.Error() + ": " + e.err.Error()
	}
}

func (e *endedError) Unwrap() []error {
	if e.err == nil {
		return []error{e.cause}
	}
	return []error{e.cause, e.err}
}
