package accounts

import (
	"fmt"
	"time"
)

// Event tells of one step of a read or of a write's cache entries: one call of
// the cache, or one read of the table. Where a call was given up because its time
// was over, context.DeadlineExceeded is in Err's chain.
type Event struct {
	Op      string        // "get" or "set", a call of the cache, or "load", a read of the table
	Entity  string        // "user", "organization" or "membership"
	Outcome Outcome       // how the step ended
	Took    time.Duration // next to nothing for a step that was skipped
	Err     error         // why, for CacheFailed, CacheSkipped and LoadFailed; else nil
}

// Outcome is how a step ended.
type Outcome uint8

// The outcomes.
const (
	Hit          Outcome = iota + 1 // get: the cache had the entity
	NegativeHit                     // get: the cache knew that there is no such entity
	Miss                            // get: the cache had nothing
	Unreadable                      // get: garbage, another format, or another identity; served as a miss
	CacheFailed                     // get, set: an error, a panic, no answer in time, or the caller left
	CacheSkipped                    // get, set: not called, since the cache has been failing or is stuck
	Loaded                          // load: the table answered, be it that there is no such entity
	LoadFailed                      // load: the table did not answer
	Stored                          // set: the cache took the value, or kept the one it had for SetIfAbsent
)

// String returns the outcome in words, fit for a log: "negative hit".
func (o Outcome) String() string {
	switch o {
	case Hit:
		return "hit"
	case NegativeHit:
		return "negative hit"
	case Miss:
		return "miss"
	case Unreadable:
		return "unreadable"
	case CacheFailed:
		return "cache failed"
	case CacheSkipped:
		return "cache skipped"
	case Loaded:
		return "loaded"
	case LoadFailed:
		return "load failed"
	case Stored:
		return "stored"
	default:
		return fmt.Sprintf("outcome %d", uint8(o))
	}
}
