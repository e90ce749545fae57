package readaside

import (
	"fmt"
	"time"
)

// An Event describes one step of a read or a write: one call of the cache, or one load.
type Event struct {
	Op      Op            // the step
	Entity  string        // Entity.Name
	Outcome Outcome       // how the step ended
	Took    time.Duration // zero for a step that was skipped
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
	Unreadable                      // get: another format, version or key, or garbage; Err is Decode's, if any
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
