package secrets

import (
	"errors"
	"strconv"
	"strings"
)

// The kinds of [Error], to be asked for with [errors.Is].
var (
	// ErrNotFound: no such secret, variable or file, or the ARN of another
	// region than the client's.
	ErrNotFound = errors.New("secrets: not found")
	// ErrAccessDenied: the permission is missing, or the credentials are:
	// absent, unknown, expired or badly signed. The text says which.
	ErrAccessDenied = errors.New("secrets: access denied")
	// ErrDecrypt: Secrets Manager could not decrypt with the secret's KMS key.
	ErrDecrypt = errors.New("secrets: cannot decrypt")
	// ErrInvalidState: the secret cannot be read now, for example because it is
	// scheduled for deletion.
	ErrInvalidState = errors.New("secrets: invalid state")
	// ErrThrottled: too many requests.
	ErrThrottled = errors.New("secrets: throttled")
	// ErrTimeout: a time limit passed without an answer.
	ErrTimeout = errors.New("secrets: timed out")
	// ErrUnavailable: connection refused or broken, status 5xx, or an answer
	// that cannot be read.
	ErrUnavailable = errors.New("secrets: unavailable")

	// ErrNotJSON: the document is not one JSON object.
	ErrNotJSON = errors.New("secrets: not a JSON object")
	// ErrNoKey: the object has no such key. Case counts.
	ErrNoKey = errors.New("secrets: no such key")
	// ErrNotString: the key's value is not a JSON string.
	ErrNotString = errors.New("secrets: not a string")
	// ErrEmpty: the text is "", or the secret has no value at all.
	ErrEmpty = errors.New("secrets: empty")
	// ErrWhitespace: the text starts or ends with white space or a byte order
	// mark, which a token never does, but a pasted one often.
	ErrWhitespace = errors.New("secrets: white space around the text")
	// ErrNotText: the secret is binary, or not valid UTF-8.
	ErrNotText = errors.New("secrets: not a text")
)

// The values of Error.Op.
const (
	opFetch = "fetch"
	opRead  = "read"
)

// Error says what could not be had, and why. It never holds a secret, nor a
// piece of one.
type Error struct {
	// Op is "fetch" (from the source) or "read" (out of the document).
	Op string
	// Secret is the id, variable or path as the source has it.
	Secret string
	// Key is the key asked for, "" for none.
	Key string
	// Region is the AWS region, "" where there is none.
	Region string
	// Kind is one of this package's sentinels, [context.Canceled] where the
	// caller gave up, or nil where none fits.
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
		b.WriteString(" key " + strconv.Quote(e.Key) + " of")
	}
	b.WriteString(" " + strconv.Quote(e.Secret))
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
