package secrets

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
)

// Env reads a secret from an environment variable, for local development and
// tests. On Lambda, everyone who may read a function's configuration may read
// its variables.
type Env struct {
	// Name is the variable's name. Required. Its value is taken as it is.
	Name string
}

// Fetch reads the variable. Kinds of its *[Error]: ErrNotFound for an unset
// variable; one that is set to "" is found, and empty.
func (e Env) Fetch(ctx context.Context) (Document, error) {
	if ctx.Err() != nil {
		return Document{}, failLocal(ctx, e.Name, ctx.Err())
	}
	text, ok := os.LookupEnv(e.Name)
	if !ok {
		return Document{}, &Error{Op: opFetch, Secret: e.Name, Kind: ErrNotFound, Err: errUnset}
	}
	return newDocument(e.Name, "", "", content{text: text}), nil
}

// File reads a secret from a file, for local development, tests, and secrets
// that are mounted.
type File struct {
	// Path is the file's path. Required. One final newline is trimmed, since
	// editors and echo add it.
	Path string
}

var (
	errUnset    = errors.New("the environment variable is not set")
	errTooLarge = errors.New("larger than 1 MiB")
)

// maxSize bounds what is read of a file or an answer. Secrets Manager allows
// 64 KiB, of which JSON's escapes may make six times as much.
const maxSize = 1 << 20

// Fetch reads the file. Kinds of its *[Error]: ErrNotFound, ErrAccessDenied
// where the file's mode forbids it, ErrTimeout or [context.Canceled] where ctx
// ended first, nil for other errors.
func (f File) Fetch(ctx context.Context) (Document, error) {
	// A pipe or a network file system may block for good.
	text, err := within(ctx, func() (string, error) {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return readCapped(f.Path)
	})
	if err != nil {
		return Document{}, failLocal(ctx, f.Path, err)
	}
	return newDocument(f.Path, "", "", content{text: trimNewline(text)}), nil
}

func readCapped(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, maxSize+1))
	if err != nil {
		return "", err
	}
	if len(b) > maxSize {
		return "", errTooLarge
	}
	return string(b), nil
}

func trimNewline(text string) string {
	if rest, ok := strings.CutSuffix(text, "\r\n"); ok {
		return rest
	}
	return strings.TrimSuffix(text, "\n")
}

func failLocal(ctx context.Context, name string, err error) error {
	e := &Error{Op: opFetch, Secret: name, Err: err}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Kind = ErrNotFound
	case errors.Is(err, fs.ErrPermission):
		e.Kind = ErrAccessDenied
	case ctx.Err() != nil:
		e.Kind, e.Err = ended(ctx, "not read before the deadline", err, nil)
	}
	return e
}
