package secrets

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Document is one version of a secret, as its source returned it. It prints as
// REDACTED, like a [Token]. The zero Document is an empty one. All methods are
// safe for concurrent use, and their errors are *[Error].
type Document struct {
	redacted
	name, versionID, region string

	content *func() content
}

// content is text, or bytes where binary is set.
type content struct {
	text   string
	binary bool
	bytes  []byte
}

// Static returns a document that holds text, named "static", for tests, local
// runs and a [SourceFunc].
func Static(text string) Document {
	return newDocument("static", "", "", content{text: text})
}

func newDocument(name, versionID, region string, c content) Document {
	read := func() content { return c }
	return Document{name: name, versionID: versionID, region: region, content: &read}
}

// Name returns the id, variable or path that the document came from, for the
// errors of whoever finds it unfit later.
func (d Document) Name() string { return d.name }

// VersionID returns Secrets Manager's id of the version, "" for other sources.
func (d Document) VersionID() string { return d.versionID }

// Key returns the text under name in a document that is one JSON object:
// exactly that top-level name, the last one if it is repeated. The text is
// checked as [Document.Text] does.
//
// Kinds of error: ErrNotJSON, ErrNoKey, ErrNotString, and those of Text.
func (d Document) Key(name string) (Token, error) {
	text, err := d.text(name)
	if err != nil {
		return Token{}, err
	}
	// The decoder's own errors quote the document, so they stay here.
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &object) != nil || object == nil {
		return Token{}, d.fail(name, ErrNotJSON, notJSONHint(text))
	}
	raw, ok := object[name]
	if !ok {
		return Token{}, d.fail(name, ErrNoKey, nil)
	}
	if raw[0] != '"' {
		return Token{}, d.fail(name, ErrNotString, nil)
	}
	var value string
	if json.Unmarshal(raw, &value) != nil || hasLoneSurrogate(raw) {
		return Token{}, d.fail(name, ErrNotText, errLoneSurrogate)
	}
	return d.token(name, value)
}

// Text returns the whole document as a text.
//
// Kinds of error: ErrNotText for a binary secret or invalid UTF-8, ErrEmpty,
// and ErrWhitespace for white space or a byte order mark at either end.
func (d Document) Text() (Token, error) {
	text, err := d.text("")
	if err != nil {
		return Token{}, err
	}
	return d.token("", text)
}

// Bytes returns a copy of the document, binary or text.
//
// Kind of error: ErrEmpty.
func (d Document) Bytes() ([]byte, error) {
	c := d.read()
	b := bytes.Clone(c.bytes)
	if !c.binary {
		b = []byte(c.text)
	}
	if len(b) == 0 {
		return nil, d.fail("", ErrEmpty, nil)
	}
	return b, nil
}

func (d Document) read() content {
	if d.content == nil {
		return content{}
	}
	return (*d.content)()
}

// text is the document as far as it may be searched for key.
func (d Document) text(key string) (string, error) {
	c := d.read()
	switch {
	case c.binary:
		return "", d.fail(key, ErrNotText, errBinary)
	case c.text == "":
		return "", d.fail(key, ErrEmpty, nil)
	case !utf8.ValidString(c.text):
		// A JSON decoder would put U+FFFD for the bad bytes and say nothing.
		return "", d.fail(key, ErrNotText, errNotUTF8)
	}
	return c.text, nil
}

// token refuses texts that no service would take: an error here names the
// secret, there it would be a riddle.
func (d Document) token(key, text string) (Token, error) {
	if text == "" {
		return Token{}, d.fail(key, ErrEmpty, nil)
	}
	if strings.TrimFunc(text, isBlank) != text {
		return Token{}, d.fail(key, ErrWhitespace, nil)
	}
	return newToken(text), nil
}

func (d Document) fail(key string, kind, cause error) error {
	return &Error{Op: opRead, Secret: d.name, Key: key, Region: d.region, Kind: kind, Err: cause}
}

var (
	errBinary        = errors.New("the secret is binary (SecretBinary)")
	errNotUTF8       = errors.New("invalid UTF-8")
	errLoneSurrogate = errors.New("half of a surrogate pair")
	errStartsWithBOM = errors.New("it starts with a byte order mark")
)

const byteOrderMark = '\uFEFF'

func isBlank(r rune) bool { return unicode.IsSpace(r) || r == byteOrderMark }

func notJSONHint(text string) error {
	if strings.HasPrefix(text, string(byteOrderMark)) {
		return errStartsWithBOM
	}
	return nil
}
