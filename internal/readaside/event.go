package readaside

import (
	"context"
	"time"
)

// Event tells of one step.
type Event struct {
	Op      string // OpGet, OpSet or OpLoad
	Entity  string // the reader's name
	Outcome Outcome
	Took    time.Duration
	Err     error
}

// The steps.
const (
	OpGet  = "get"
	OpSet  = "set"
	OpLoad = "load"
)

// Outcome is how a step ended.
type Outcome uint8

// The outcomes.
const (
	Hit Outcome = iota + 1
	NegativeHit
	Miss
	Unreadable
	CacheFailed
	CacheSkipped
	Loaded
	LoadFailed
	Stored
)

func (e *Engine) observe(ctx context.Context, event Event) {
	if e.opt.Observe != nil {
		e.opt.Observe(ctx, event)
	}
}

// clock returns the time where somebody wants to know how long a step takes.
func (e *Engine) clock() (start time.Time) {
	if e.opt.Observe != nil {
		start = time.Now()
	}
	return start
}

func (e *Engine) since(start time.Time) (took time.Duration) {
	if e.opt.Observe != nil {
		took = time.Since(start)
	}
	return took
}
