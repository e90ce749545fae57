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

// A Document is one version of a secret, as its source returned it. Like a [Token], it prints as
// REDACTED. The zero Document is empty. Its methods return errors of type *[Error], which contain
// no part of the document. A Document is safe for concurrent use by multiple goroutines.
type Document struct {
	redacted
	name, versionID, region string

	content *func() content
}

// content is text, or bytes if binary is set.
type content struct {
	text   string
	binary bool
	bytes  []byte
}

// NewDocument returns a document that holds text, for a custom [Source]. The name appears in errors
// and should identify the secret.
func NewDocument(name, text string) Document {
	return newDocument(name, "", "", content{text: text})
}

// Static returns a document named "static" that holds text, for tests and local runs.
func Static(text string) Document { return NewDocument("static", text) }

func newDocument(name, versionID, region string, c content) Document {
	read := func() content { return c }
	return Document{name: name, versionID: versionID, region: region, content: &read}
}

// Name returns the secret's ID, the environment variable or the file path that the document was
// read from.
func (d Document) Name() string { return d.name }

// VersionID returns the ID of the version in Secrets Manager, or "" for a document from another
// source.
func (d Document) VersionID() string { return d.versionID }

// Key returns the string value of the top-level member called name. The document must be one JSON
// object. The name is case-sensitive. If a member is repeated, Key returns the last one.
//
// Kinds of error: ErrNotJSON, ErrNoKey, ErrNotString, and those of [Document.Text].
func (d Document) Key(name string) (Token, error) {
	text, err := d.text(name)
	if err != nil {
		return Token{}, err
	}
	// The decoder's errors are dropped, because they quote the document.
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

// Text returns the whole document as a [Token].
//
// Kinds of error: ErrNotText for a binary secret and for a text that contains invalid UTF-8 or
// U+FFFD, ErrEmpty, and ErrWhitespace for white space or a byte order mark at either end.
func (d Document) Text() (Token, error) {
	text, err := d.text("")
	if err != nil {
		return Token{}, err
	}
	return d.token("", text)
}

// Decode decodes the JSON document into the value that v points to, as [json.Unmarshal] does. Use
// it for secrets with members that are not strings, such as the port number in a secret of Amazon
// RDS. The value then holds the whole secret in plain text, so prefer [Document.Key] for the
// password. After an error, the value is undefined.
//
// Kinds of error: ErrNotJSON, also for null; ErrNotText for a binary secret and for invalid UTF-8
// or U+FFFD anywhere in the document; ErrEmpty; and nil if the document does not fit v.
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

// mismatch replaces err, which json.Unmarshal returned for v, with an error that names the types of
// v and contains no part of the document.
func mismatch(err error, v any) error {
	if invalid, ok := errors.AsType[*json.InvalidUnmarshalError](err); ok {
		return invalid
	}
	e, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok || e.Type == nil {
		return fmt.Errorf("the document does not fit %T", v)
	}
	what, _, _ := strings.Cut(e.Value, " ") // for a number, Value contains its digits
	if !slices.Contains([]string{"array", "bool", "number", "object", "string"}, what) {
		what = "value"
	}
	return fmt.Errorf("a JSON %s does not fit type %v in %T", what, e.Type, v)
}

// holdsReplacement reports whether a key or a value of a valid JSON text contains U+FFFD. The
// decoder substitutes it for invalid UTF-8 and for half of a surrogate pair.
func holdsReplacement(text string) bool {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber() // accepts numbers of any size
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

// Bytes returns a copy of the document, binary or text. It does not validate the content.
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

// text returns the document as text. Its errors name key.
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

// token rejects texts that no service accepts, because its error names the secret and the service's
// error does not.
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
