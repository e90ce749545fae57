package secrets

import (
	"errors"
	"strconv"
	"strings"

	"github.com/warmclient/warmclient/internal/awscall"
)

// The kinds of [Error], for [errors.Is].
var (
	// ErrNotFound: the secret, parameter, environment variable or file does not exist, or its ARN
	// is in another region than the client's.
	ErrNotFound = awscall.ErrNotFound
	// ErrAccessDenied: the permission is missing, or the credentials are missing, unknown or
	// expired, or the signature is invalid. The text says which.
	ErrAccessDenied = awscall.ErrAccessDenied
	// ErrDecrypt: the service could not decrypt with the KMS key.
	ErrDecrypt = awscall.ErrDecrypt
	// ErrInvalidState: the secret cannot be read now. It is scheduled for deletion, for example.
	ErrInvalidState = awscall.ErrInvalidState
	// ErrThrottled: there were too many requests.
	ErrThrottled = awscall.ErrThrottled
	// ErrTimeout: the deadline passed before an answer arrived.
	ErrTimeout = awscall.ErrTimeout
	// ErrUnavailable: the connection was refused or broken, the status was 5xx, or the answer was
	// empty, malformed or larger than 1 MiB.
	ErrUnavailable = awscall.ErrUnavailable

	// ErrNotJSON: the document is not one JSON object.
	ErrNotJSON = errors.New("secrets: not a JSON object")
	// ErrNoKey: the object has no such key. Keys are case-sensitive.
	ErrNoKey = errors.New("secrets: no such key")
	// ErrNotString: the key's value is not a JSON string.
	ErrNotString = errors.New("secrets: not a string")
	// ErrEmpty: the text is "", or the secret has no value.
	ErrEmpty = errors.New("secrets: empty")
	// ErrWhitespace: the text begins or ends with white space or a byte order mark, which is often
	// a mistake made when pasting the token.
	ErrWhitespace = errors.New("secrets: white space around the text")
	// ErrNotText: the secret is binary, or the text contains U+FFFD or invalid UTF-8.
	ErrNotText = errors.New("secrets: not a text")
)

// The values of Error.Op.
const (
	opFetch = "fetch"
	opRead  = "read"
)

// An Error describes a failed fetch or read. It contains no part of a secret.
type Error struct {
	// Op is "fetch" (from the source) or "read" (from the document).
	Op string
	// Secret is the secret's ID, the environment variable or the file path, as set in the source.
	Secret string
	// Key is the requested key, or "".
	Key string
	// Region is the AWS region, or "".
	Region string
	// Kind is one of this package's sentinels, [context.Canceled] if the caller canceled, or nil if
	// none applies.
	Kind error
	// Err is the cause, or nil if there is none besides Kind.
	Err error
}

// Error returns a text that names the secret, region and key, the kind and the cause.
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

// Unwrap returns those of Kind and Err that are not nil.
func (e *Error) Unwrap() []error {
	var errs []error
	for _, err := range []error{e.Kind, e.Err} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}
