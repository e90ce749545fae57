package main

import (
	"cmp"
	"slices"
	"sync"

	"github.com/warmclient/warmclient/accounts"
)

// Where an answer came from.
const (
	fromFunction = "function"             // refused before anything was asked
	fromTable    = "DynamoDB"             // there is nothing else to ask
	fromMiss     = "DynamoDB, after miss" // and the cache is filled
	fromHit      = "cache hit"
	fromAbsence  = "cache, absence"
	fromFailed   = "DynamoDB, cache down"
	fromSkipped  = "DynamoDB, cache skipped"
)

// steps collects what the service does for one request.
type steps struct {
	mu     sync.Mutex
	events []accounts.Event
}

func (s *steps) add(e accounts.Event) {
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
	i := slices.IndexFunc(s.events, func(e accounts.Event) bool { return e.Op == "get" })
	if i < 0 {
		return fromTable
	}
	return cmp.Or(map[accounts.Outcome]string{
		accounts.Hit:          fromHit,
		accounts.NegativeHit:  fromAbsence,
		accounts.Miss:         fromMiss,
		accounts.Unreadable:   fromMiss,
		accounts.CacheFailed:  fromFailed,
		accounts.CacheSkipped: fromSkipped,
	}[s.events[i].Outcome], fromTable)
}
