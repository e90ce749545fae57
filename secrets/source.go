package secrets

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/warmclient/warmclient/internal/awscall"
)

// A Source is where a secret comes from: a [SecretsManager], an [Extension], an [Env], a [File], a
// parameterstore.Parameter, or a [SourceFunc].
//
// Fetch reads the secret each time; nothing in this package caches. It returns when ctx is done,
// its errors hold no piece of a secret, and it is safe for concurrent use by multiple goroutines.
type Source interface {
	Fetch(ctx context.Context) (Document, error)
}

// SourceFunc is a function as a Source, for tests and sources of your own. It makes its Document
// with [NewDocument].
type SourceFunc func(ctx context.Context) (Document, error)

// Fetch calls f.
func (f SourceFunc) Fetch(ctx context.Context) (Document, error) { return f(ctx) }

var errNoSource = errors.New("no source is set")

// Load fetches the secret from src and returns the text under key, as [Document.Key] does, or the
// whole text where key is "", as [Document.Text] does.
//
// Its errors are *[Error] with key as the Key. An *Error of the source is copied for that, and any
// other error of it is wrapped.
func Load(ctx context.Context, src Source, key string) (Token, error) {
	if src == nil {
		return Token{}, &Error{Op: opFetch, Key: key, Err: errNoSource}
	}
	doc, err := src.Fetch(ctx)
	if err != nil {
		return Token{}, withKey(err, key)
	}
	if key == "" {
		return doc.Text()
	}
	return doc.Key(key)
}

// withKey returns err, of a source, as an *Error. The source may return the same *Error to others.
func withKey(err error, key string) error {
	e, ok := err.(*Error) // an error around an *Error says more: it is wrapped
	if !ok || e == nil {
		return &Error{Op: opFetch, Key: key, Err: err}
	}
	if key == "" {
		return e
	}
	keyed := *e
	keyed.Key = key
	return &keyed
}

// Env reads a secret from an environment variable, for local development and tests. On Lambda, all
// who may read a function's configuration may read its variables.
type Env struct {
	// Name is the variable's name. It is required. The value is taken as it is.
	Name string
}

var errUnset = errors.New("the environment variable is not set")

// Fetch reads the variable. The kind of its *[Error] is ErrNotFound for an unset variable. One that
// is set to "" is found, and empty. It is ErrTimeout or [context.Canceled] if ctx is done.
func (e Env) Fetch(ctx context.Context) (Document, error) {
	if ctx.Err() != nil {
		return Document{}, stopped(ctx, e.Name)
	}
	text, ok := os.LookupEnv(e.Name)
	if !ok {
		return Document{}, &Error{Op: opFetch, Secret: e.Name, Kind: ErrNotFound, Err: errUnset}
	}
	return NewDocument(e.Name, text), nil
}

// File reads a secret from a file, for local development, tests, and secrets that are mounted.
type File struct {
	// Path is the file's path. It is required. One final newline is trimmed, since editors and echo
	// add it.
	Path string
}

// Fetch reads the file, at most 1 MiB. The kind of its *[Error] is ErrNotFound, ErrAccessDenied
// where the file's mode forbids it, ErrTimeout or [context.Canceled] if ctx is done before Fetch
// opens the file, and nil for other errors.
//
// Fetch does not end with ctx while it reads. A pipe without a writer, or a network file system,
// holds it.
func (f File) Fetch(ctx context.Context) (Document, error) {
	if ctx.Err() != nil {
		return Document{}, stopped(ctx, f.Path)
	}
	text, err := readFile(f.Path)
	if err != nil {
		e := &Error{Op: opFetch, Secret: f.Path, Err: err}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			e.Kind = ErrNotFound
		case errors.Is(err, fs.ErrPermission):
			e.Kind = ErrAccessDenied
		}
		return Document{}, e
	}
	return NewDocument(f.Path, trimNewline(text)), nil
}

func readFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	b, err := awscall.ReadLimited(file)
	return string(b), err
}

func trimNewline(text string) string {
	if rest, ok := strings.CutSuffix(text, "\r\n"); ok {
		return rest
	}
	return strings.TrimSuffix(text, "\n")
}

func stopped(ctx context.Context, name string) error {
	failure := awscall.Stopped(ctx)
	return &Error{Op: opFetch, Secret: name, Kind: failure.Kind, Err: failure.Cause}
}
