package readaside

import (
	"context"
	"errors"
	"time"
)

// A Cache stores bytes under string keys. Keys and values are arbitrary bytes; a value may be
// empty, which is not a miss.
//
// Implementations return when ctx is done and are safe for concurrent use by multiple goroutines.
// Neither side modifies or reuses the bytes that it gives to or gets from the other. A ttl is
// greater than zero. An implementation whose client ignores ctx is wrapped with Detach. The suite
// that an implementation has to pass is in package cachetest.
type Cache interface {
	// Get returns the value stored under key. A miss is nil, nil.
	Get(ctx context.Context, key string) (value []byte, err error)

	// Set stores value under key for ttl.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error

	// SetIfAbsent stores value under key for ttl if nothing is stored there, and reports whether
	// it did, in one atomic step.
	SetIfAbsent(ctx context.Context, key string, value []byte, ttl time.Duration) (stored bool, err error)

	// SetIfEqual stores value under key for ttl if old is stored there, and reports whether it
	// did, in one atomic step.
	SetIfEqual(ctx context.Context, key string, old, value []byte, ttl time.Duration) (stored bool, err error)

	// Delete removes what is stored under key. Deleting a key that is not there is no error.
	Delete(ctx context.Context, key string) error
}

// ErrNotReady is in the error chain of a Cache that cannot be asked yet, such as one whose client
// is still connecting. The call is skipped, and is not counted as a failure of the cache.
var ErrNotReady = errors.New("readaside: cache not ready")
