package secrets

import (
	"fmt"
	"io"
	"log/slog"
)

const redactedText = "REDACTED"

// redacted is embedded in whatever must not be printed. Its methods answer
// REDACTED to fmt (under every verb and flag), log/slog, encoding/json,
// encoding/xml, and whatever else asks for a text.
//
// Where methods cannot be called -- fmt does not, on an unexported field, nor
// do printers that walk values by reflection -- only the address of a func is
// to be seen: the text is reached through a pointer to a func alone. A pointer
// to a string would be followed.
//
// encoding/gob is meant for reading back, so it refuses ("no exported fields")
// rather than store a REDACTED that later passes for a token.
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
