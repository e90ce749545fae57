package secrets

import (
	"fmt"
	"io"
	"log/slog"
)

// A Token is a secret text. It prints as REDACTED under every verb of fmt, in log/slog, JSON, XML
// and text. Only [Token.Reveal] returns the text. A gob encoder refuses it.
//
// Tokens are comparable: copies of one Token are equal, but two Tokens of the same text are not.
// The zero Token holds no text. A Token is safe for concurrent use by multiple goroutines.
type Token struct {
	redacted
	reveal *func() string
}

func newToken(text string) Token {
	reveal := func() string { return text }
	return Token{reveal: &reveal}
}

// Reveal returns the secret text, or "" for the zero Token. Call it where the text is used, and
// store the Token rather than the text.
func (t Token) Reveal() string {
	if t.reveal == nil {
		return ""
	}
	return (*t.reveal)()
}

// IsZero reports whether t is the zero Token. A Token that this package returns with a nil error is
// not zero, and its text is not empty.
func (t Token) IsZero() bool { return t.reveal == nil }

const redactedText = "REDACTED"

// redacted is embedded in each type that must not be printed. Its methods return REDACTED to fmt
// (under every verb and flag), log/slog, encoding/json, encoding/xml, and other encoders that call
// MarshalText.
//
// Printers cannot call the methods of an unexported field, and printers that walk values by
// reflection do not call methods. Both find only the address of a func, because the text is
// reachable only through a pointer to a func. They would follow a pointer to a string.
//
// encoding/gob refuses the value ("no exported fields"). That is intended: a stored REDACTED would
// later be decoded as a token.
type redacted struct{}

// Format implements [fmt.Formatter].
func (redacted) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redactedText) }

// String implements [fmt.Stringer].
func (redacted) String() string { return redactedText }

// GoString implements [fmt.GoStringer].
func (redacted) GoString() string { return redactedText }

// LogValue implements [slog.LogValuer].
func (redacted) LogValue() slog.Value { return slog.StringValue(redactedText) }

// MarshalText implements [encoding.TextMarshaler], also for the keys of maps.
func (redacted) MarshalText() ([]byte, error) { return []byte(redactedText), nil }

// MarshalJSON implements [json.Marshaler].
func (redacted) MarshalJSON() ([]byte, error) { return []byte(`"` + redactedText + `"`), nil }
