package readaside

import (
	"context"
	"errors"
	"fmt"
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

	// SetIfAbsent stores value under key for ttl if nothing is stored there, and reports whether it
	// did, in one atomic step.
	SetIfAbsent(ctx context.Context, key string, value []byte, ttl time.Duration) (stored bool, err error)

	// SetIfEqual stores value under key for ttl if old is stored there, and reports whether it did,
	// in one atomic step.
	SetIfEqual(ctx context.Context, key string, old, value []byte, ttl time.Duration) (stored bool, err error)

	// Delete removes what is stored under key. Deleting a key that is not there is no error.
	Delete(ctx context.Context, key string) error
}

// ErrNotReady is in the error chain of a Cache that cannot be asked yet, such as one whose client
// is still connecting. The call is skipped, and is not counted as a failure of the cache.
var ErrNotReady = errors.New("readaside: cache not ready")

// An Event describes one step of a read or a write: one call of the cache, or one load.
type Event struct {
	Op      Op            // the step
	Entity  string        // Entity.Name
	Outcome Outcome       // how the step ended
	Took    time.Duration // zero where nothing was called
	Err     error         // why, where Outcome does not say it; otherwise nil
}

// Op is a step.
type Op string

// The steps.
const (
	OpGet     Op = "get"     // Get asks the cache
	OpLease   Op = "lease"   // a load reserves the entry that it will fill
	OpLoad    Op = "load"    // Entity.Load
	OpFill    Op = "fill"    // Get stores what was loaded
	OpFence   Op = "fence"   // Write marks an entry before the change
	OpUnfence Op = "unfence" // Write or Invalidate replaces or deletes an entry after the change
)

// Outcome is how a step ended.
type Outcome uint8

// The outcomes.
const (
	Hit          Outcome = iota + 1 // get: the cache had the entity
	NegativeHit                     // get: the cache had a not-found result
	Miss                            // get: the cache had nothing
	Fenced                          // get: the cache had a fence or a lease
	Unreadable                      // get: malformed, or of another format, version or key; Err is Decode's, if any
	Stored                          // lease, fill, fence, unfence: the cache did what was asked, a Delete included
	NotStored                       // lease, fill, unfence: the entry was not the expected one
	Loaded                          // load: the entity, or that there is none
	LoadFailed                      // load: an error, a panic or no answer in time
	CacheFailed                     // an error, a panic or no answer in time
	CacheSkipped                    // the cache was not called, or is not ready
)

var outcomes = [...]string{
	Hit: "hit", NegativeHit: "negative hit", Miss: "miss", Fenced: "fenced", Unreadable: "unreadable",
	Stored: "stored", NotStored: "not stored", Loaded: "loaded", LoadFailed: "load failed",
	CacheFailed: "cache failed", CacheSkipped: "cache skipped",
}

// String returns the outcome in words, such as "negative hit".
func (o Outcome) String() string {
	if int(o) < len(outcomes) && o > 0 {
		return outcomes[o]
	}
	return fmt.Sprintf("outcome %d", uint8(o))
}
