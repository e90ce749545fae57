package secrets

import (
	"errors"
	"strconv"
	"strings"

	"github.com/warmclient/warmclient/internal/awscall"
)

// The kinds of [Error], for [errors.Is].
var (
	// ErrNotFound: there is no such secret, parameter, variable or file, or its ARN is of another
	// region than the client's.
	ErrNotFound = awscall.ErrNotFound
	// ErrAccessDenied: the permission is missing, or the credentials are missing, unknown, expired
	// or badly signed. The text says which.
	ErrAccessDenied = awscall.ErrAccessDenied
	// ErrDecrypt: the service could not decrypt with the KMS key.
	ErrDecrypt = awscall.ErrDecrypt
	// ErrInvalidState: the secret cannot be read now. It is scheduled for deletion, for example.
	ErrInvalidState = awscall.ErrInvalidState
	// ErrThrottled: there were too many requests.
	ErrThrottled = awscall.ErrThrottled
	// ErrTimeout: a time limit passed without an answer.
	ErrTimeout = awscall.ErrTimeout
	// ErrUnavailable: the connection was refused or broken, the status was 5xx, or the answer was
	// empty, malformed or larger than 1 MiB.
	ErrUnavailable = awscall.ErrUnavailable

	// ErrNotJSON: the document is not one JSON object.
	ErrNotJSON = errors.New("secrets: not a JSON object")
	// ErrNoKey: the object has no such key. Case counts.
	ErrNoKey = errors.New("secrets: no such key")
	// ErrNotString: the key's value is not a JSON string.
	ErrNotString = errors.New("secrets: not a string")
	// ErrEmpty: the text is "", or the secret has no value.
	ErrEmpty = errors.New("secrets: empty")
	// ErrWhitespace: the text begins or ends with white space or a byte order mark. No token does,
	// but a pasted one often.
	ErrWhitespace = errors.New("secrets: white space around the text")
	// ErrNotText: the secret is binary, or the text holds U+FFFD: it, or what it was made from, was
	// not valid UTF-8.
	ErrNotText = errors.New("secrets: not a text")
)

// The values of Error.Op.
const (
	opFetch = "fetch"
	opRead  = "read"
)

// An Error says what could not be fetched or read, and why. It holds no piece of a secret.
type Error struct {
	// Op is "fetch" (from the source) or "read" (out of the document).
	Op string
	// Secret is the id, variable or path as the source has it.
	Secret string
	// Key is the key asked for, or "".
	Key string
	// Region is the AWS region, or "".
	Region string
	// Kind is one of this package's sentinels, [context.Canceled] where the caller canceled, or nil
	// where none fits.
	Kind error
	// Err is the cause, or nil where Kind says it all.
	Err error
}

// Error names the secret, region and key, the kind and the cause.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("secrets: ")
	b.WriteString(e.Op)
	if e.Key != "" {
		b.WriteString(" key " + strconv.Quote(e.Key))
	}
	if e.Key != "" && e.Secret != "" {
		b.WriteString(" of")
	}
	if e.Key == "" || e.Secret != "" {
		b.WriteString(" " + strconv.Quote(e.Secret))
	}
	if e.Region != "" {
		b.WriteString(" in " + e.Region)
	}
	if e.Kind != nil {
		b.WriteString(": " + strings.TrimPrefix(e.Kind.Error(), "secrets: "))
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap returns Kind and Err, those that are set.
func (e *Error) Unwrap() []error {
	var errs []error
	for _, err := range []error{e.Kind, e.Err} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}
