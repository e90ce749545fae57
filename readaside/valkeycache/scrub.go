package valkeycache

import (
	"errors"
	"strings"

	"github.com/valkey-io/valkey-go"
)

const redacted = "REDACTED"

// piece is the minimum length of a part of the password that is removed. A server quotes the first
// bytes of an unknown command, which may be the beginning of a long password.
const piece = 6

// A scrubber removes the password from texts of the server. It keeps the password behind a func, so
// that a printer that walks a client by reflection does not find it. The zero scrubber removes
// nothing.
type scrubber struct{ password func() string }

func newScrubber(password string) scrubber {
	return scrubber{func() string { return password }}
}

// text replaces each longest run of bytes that the text has in common with the password.
func (s scrubber) text(text string) string {
	if s.password == nil || s.password() == "" {
		return text
	}
	password := s.password()
	least := min(piece, len(password))
	var b strings.Builder
	for i := 0; i < len(text); {
		n := least
		if i+n > len(text) || !strings.Contains(password, text[i:i+n]) {
			b.WriteByte(text[i])
			i++
			continue
		}
		for i+n < len(text) && strings.Contains(password, text[i:i+n+1]) {
			n++
		}
		b.WriteString(redacted)
		i += n
	}
	return b.String()
}

// err returns err. If err is an answer that contains the password, it returns an error with the
// same code and the text without the password. It does not change errors that are not from the
// server, because an IAM token has words in common with them.
func (s scrubber) err(err error) error {
	_, answer := errors.AsType[*valkey.ValkeyError](err)
	if !answer && !valkey.IsParseErr(err) {
		return err
	}
	text := err.Error()
	if clean := s.text(text); clean != text {
		return &scrubbedError{clean}
	}
	return err
}

// A scrubbedError replaces an error whose text contains the password.
type scrubbedError struct{ text string }

func (e *scrubbedError) Error() string { return e.text }
