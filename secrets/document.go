package secrets

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Document is one version of a secret, as its source returned it. It prints as REDACTED, as a
// [Token] does. The zero Document is an empty one. The errors of its methods are *[Error] and hold
// no piece of it. A Document is safe for concurrent use by multiple goroutines.
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

// NewDocument returns a document that holds text, for a [Source] of your own. The name appears in
// errors: use one by which the secret is found.
func NewDocument(name, text string) Document {
	return newDocument(name, "", "", content{text: text})
}

// Static returns a document named "static" that holds text, for tests and local runs.
func Static(text string) Document { return NewDocument("static", text) }

func newDocument(name, versionID, region string, c content) Document {
	read := func() content { return c }
	return Document{name: name, versionID: versionID, region: region, content: &read}
}

// Name returns the id, variable or path that the document came from.
func (d Document) Name() string { return d.name }

// VersionID returns the version's id in Secrets Manager, or "" for a document of another source.
func (d Document) VersionID() string { return d.versionID }

// Key returns the text of the member name of a document that is one JSON object. The name is
// matched exactly, at the top level. Of a repeated member, the last one counts.
//
// Kinds of error: ErrNotJSON, ErrNoKey, ErrNotString, and those of [Document.Text].
func (d Document) Key(name string) (Token, error) {
	text, err := d.text(name)
	if err != nil {
		return Token{}, err
	}
	// The decoder's errors quote the document. They are dropped.
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &object) != nil || object == nil {
		return Token{}, d.fail(name, ErrNotJSON, notJSONHint(text))
	}
	raw, ok := object[name]
	if !ok {
		return Token{}, d.fail(name, ErrNoKey, nil)
	}
	var value string
	if raw[0] != '"' || json.Unmarshal(raw, &value) != nil {
		return Token{}, d.fail(name, ErrNotString, nil)
	}
	return d.token(name, value)
}

// Text returns the whole document as a text.
//
// Kinds of error: ErrNotText for a binary secret and for a text that holds invalid UTF-8 or U+FFFD,
// ErrEmpty, and ErrWhitespace for white space or a byte order mark at either end.
func (d Document) Text() (Token, error) {
	text, err := d.text("")
	if err != nil {
		return Token{}, err
	}
	return d.token("", text)
}

// Decode decodes the document, a JSON text, into the value that v points to, as [json.Unmarshal]
// does. It is for secrets that hold more than texts, such as one of Amazon RDS with its port
// number. The value holds the secret in plain text: take from it what is not secret, and the
// password with [Document.Key]. After an error, the value is undefined.
//
// Kinds of error: ErrNotJSON, also for null; ErrNotText for a binary secret and for invalid UTF-8
// or U+FFFD anywhere in the document; ErrEmpty; and nil where the document does not fit v.
func (d Document) Decode(v any) error {
	text, err := d.text("")
	if err != nil {
		return err
	}
	raw := []byte(text)
	switch {
	case !json.Valid(raw):
		return d.fail("", ErrNotJSON, notJSONHint(text))
	case bytes.Equal(bytes.TrimSpace(raw), []byte("null")):
		return d.fail("", ErrNotJSON, nil)
	case holdsReplacement(text):
		return d.fail("", ErrNotText, errReplacement)
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return d.fail("", nil, mismatch(err, v))
	}
	return nil
}

// mismatch returns what may be said of err, which json.Unmarshal returned for v: the types of v,
// and no piece of the document.
func mismatch(err error, v any) error {
	if invalid, ok := errors.AsType[*json.InvalidUnmarshalError](err); ok {
		return invalid
	}
	e, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok || e.Type == nil {
		return fmt.Errorf("the document does not fit %T", v)
	}
	what, _, _ := strings.Cut(e.Value, " ") // of a number, the text has its digits
	if !slices.Contains([]string{"array", "bool", "number", "object", "string"}, what) {
		what = "value"
	}
	return fmt.Errorf("a JSON %s does not fit type %v in %T", what, e.Type, v)
}

// holdsReplacement reports whether U+FFFD is in a key or a value of a valid JSON text. A decoder
// reads it for invalid UTF-8 and for half of a surrogate pair.
func holdsReplacement(text string) bool {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber() // any number is a token
	for {
		token, err := decoder.Token()
		if err != nil {
			return !errors.Is(err, io.EOF)
		}
		if s, ok := token.(string); ok && strings.ContainsRune(s, utf8.RuneError) {
			return true
		}
	}
}

// Bytes returns a copy of the document, binary or text, unchecked.
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

// text returns the document for a search for key.
func (d Document) text(key string) (string, error) {
	c := d.read()
	switch {
	case c.binary:
		return "", d.fail(key, ErrNotText, errBinary)
	case c.text == "":
		return "", d.fail(key, ErrEmpty, nil)
	}
	return c.text, nil
}

// token refuses texts that no service accepts. The error here names the secret; the service's does
// not.
func (d Document) token(key, text string) (Token, error) {
	switch {
	case text == "":
		return Token{}, d.fail(key, ErrEmpty, nil)
	case strings.ContainsRune(text, utf8.RuneError): // invalid UTF-8 too
		return Token{}, d.fail(key, ErrNotText, errReplacement)
	case strings.TrimFunc(text, isBlank) != text:
		return Token{}, d.fail(key, ErrWhitespace, nil)
	}
	return newToken(text), nil
}

func (d Document) fail(key string, kind, cause error) error {
	return &Error{Op: opRead, Secret: d.name, Key: key, Region: d.region, Kind: kind, Err: cause}
}

var (
	errBinary        = errors.New("the secret is binary (SecretBinary)")
	errReplacement   = errors.New("it holds U+FFFD, invalid UTF-8 or half of a surrogate pair")
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
