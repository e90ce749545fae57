package main

import (
	"cmp"
	"slices"
	"sync"

	"github.com/warmclient/warmclient/readaside"
)

// Where an answer came from.
const (
	fromFunction = "function"             // refused before anything was asked
	fromTable    = "DynamoDB"             // there is nothing else to ask
	fromMiss     = "DynamoDB, after miss" // and the cache is filled
	fromHit      = "cache hit"
	fromNegative = "cache negative hit"
	fromFailed   = "DynamoDB, cache down"
	fromSkipped  = "DynamoDB, cache skipped"
)

// steps collects what the service does for one request.
type steps struct {
	mu     sync.Mutex
	events []readaside.Event
}

func (s *steps) add(e readaside.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
}

// source tells where the answer with this status came from.
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
