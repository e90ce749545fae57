package secrets

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/warmclient/warmclient/internal/awscall"
)

// A Source reads a secret. The implementations are [SecretsManager], [Extension], [Env], [File],
// [SourceFunc] and parameterstore.Parameter.
//
// Fetch reads the secret on every call; this package does not cache. It returns when ctx is done,
// its errors contain no part of a secret, and it is safe for concurrent use by multiple goroutines.
type Source interface {
	Fetch(ctx context.Context) (Document, error)
}

// SourceFunc is an adapter that makes a function a Source, for tests and custom sources. The
// function returns a Document made with [NewDocument].
type SourceFunc func(ctx context.Context) (Document, error)

// Fetch calls f.
func (f SourceFunc) Fetch(ctx context.Context) (Document, error) { return f(ctx) }

var errNoSource = errors.New("no source is set")

// Load fetches the secret from src and returns the text under key, as [Document.Key] does. If key
// is "", it returns the whole text, as [Document.Text] does.
//
// Its errors are *[Error] with Key set to key. Load copies an *Error from the source and wraps any
// other error.
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

// withKey returns err as an *Error with the given key. It copies err, because the source may return
// the same *Error to other callers.
func withKey(err error, key string) error {
	e, ok := err.(*Error) // an error that wraps an *Error is wrapped, to keep its text
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

// Env reads a secret from an environment variable, for local development and tests. On Lambda,
// every principal that can read a function's configuration can read its environment variables.
type Env struct {
	// Name is the name of the variable. It is required. The value is not trimmed.
	Name string
}

var errUnset = errors.New("the environment variable is not set")

// Fetch reads the variable. The kind of its *[Error] is ErrNotFound if the variable is not set, and
// ErrTimeout or [context.Canceled] if ctx is done. A variable set to "" is an empty document.
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

// File reads a secret from a file, for local development, tests and mounted secrets.
type File struct {
	// Path is the file's path. It is required. One trailing newline is trimmed.
	Path string
}

// Fetch reads the file, at most 1 MiB. The kind of its *[Error] is ErrNotFound, ErrAccessDenied if
// the file's mode forbids it, ErrTimeout or [context.Canceled] if ctx is done before Fetch opens
// the file, and nil for other errors.
//
// Once it has begun, Fetch ignores ctx: opening a pipe without a writer, or reading from a network
// file system, may block.
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
