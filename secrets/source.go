package secrets

import (
	"context"
	"errors"
)

// Source is where a secret comes from: [SecretsManager], [Extension], [Env],
// [File], or a [SourceFunc].
//
// Fetch reads the secret anew each time; nothing in this package caches, since
// that is the business of whoever holds what the secret opens. It honours ctx,
// is safe for concurrent use, and its errors hold no part of a secret.
type Source interface {
	Fetch(ctx context.Context) (Document, error)
}

// SourceFunc makes a Source of a function, for tests and sources of one's own;
// the function makes its Document with [Static].
type SourceFunc func(ctx context.Context) (Document, error)

// Fetch calls f.
func (f SourceFunc) Fetch(ctx context.Context) (Document, error) { return f(ctx) }

var errNoSource = errors.New("no source is set")

// Load fetches the secret from src and returns the text under key, as
// [Document.Key] does, or the whole text where key is "", as [Document.Text]
// does. Errors of this package's sources are *[Error].
func Load(ctx context.Context, src Source, key string) (Token, error) {
	if src == nil {
		return Token{}, &Error{Op: opFetch, Key: key, Err: errNoSource}
	}
	doc, err := src.Fetch(ctx)
	if err != nil {
		return Token{}, err
	}
	if key == "" {
		return doc.Text()
	}
	return doc.Key(key)
}
