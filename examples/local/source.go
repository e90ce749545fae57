package main

import (
	"cmp"
	"slices"
	"sync"

	"github.com/warmclient/warmclient/readaside"
)

// The sources of an answer.
const (
	fromFunction = "function"             // refused before the service was called
	fromTable    = "DynamoDB"             // the service uses no cache for it
	fromMiss     = "DynamoDB, after miss" // then fills the cache
	fromHit      = "cache hit"
	fromNegative = "cache negative hit"
	fromFailed   = "DynamoDB, cache down"
	fromSkipped  = "DynamoDB, cache skipped"
)

// steps collects the steps of the service for one request.
type steps struct {
	mu     sync.Mutex
	events []readaside.Event
}

func (s *steps) add(e readaside.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
}

// source returns the source of the answer with the given status.
func (s *steps) source(status int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if status == 400 || status == 401 {
		return fromFunction
	}
	i := slices.IndexFunc(s.events, func(e readaside.Event) bool { return e.Op == readaside.OpGet })
	if i < 0 {
		return fromTable
	}
	return cmp.Or(map[readaside.Outcome]string{
		readaside.Hit:          fromHit,
		readaside.NegativeHit:  fromNegative,
		readaside.Miss:         fromMiss,
		readaside.Fenced:       fromMiss,
		readaside.Unreadable:   fromMiss,
		readaside.CacheFailed:  fromFailed,
		readaside.CacheSkipped: fromSkipped,
	}[s.events[i].Outcome], fromTable)
}
