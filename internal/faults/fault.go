// Package faults is the common part of this module's test servers: a loopback listener that can
// break connections, fault injection, and the JSON protocol of AWS.
package faults

import (
	"context"
	"slices"
	"sync"
	"time"
)

// An Action is what a server does instead of answering.
type Action uint8

const (
	// Proceed answers as the service does. A Fault with only a Delay adds latency.
	Proceed Action = iota
	// Fail answers with the error that Status, Code and Message describe.
	Fail
	// Hang does not answer while the fault is active. The request is served when the fault is
	// healed.
	Hang
	// Reset breaks the connection that the request came in on. If the connection is multiplexed,
	// its other calls fail too.
	Reset
	// Refuse simulates an outage: it breaks all connections, and every new connection at once. It
	// ignores Op, Times, Delay and Late. The port stays open, so the server uses the same port
	// after the outage. A gRPC client notices the recovery when it dials again, after a second or
	// more.
	Refuse
	// Garbage answers with success and a malformed body.
	Garbage
)

// A Fault makes requests fail. The zero Fault does nothing.
type Fault struct {
	// Op is the operation it applies to, such as "GetItem", "GetSecretValue" or "SetIf". The
	// default is all operations.
	Op string
	// Times is the number of requests it applies to. 0 means all requests until the fault is
	// replaced.
	Times int
	// Delay is the wait before Action. If the fault is replaced, a waiting request continues at
	// once. Hang ignores Delay.
	Delay time.Duration
	// Action is what the server does after Delay.
	Action Action
	// Late carries out the request first, so that the fault affects only the answer. The client
	// then cannot know that its write is committed.
	Late bool
	// Status is, for Fail, the HTTP status of an AWS service (0 means 500) or the gRPC code of
	// Momento (0 means Unavailable).
	Status int
	// Code is, for Fail, the error code of an AWS service, such as "ThrottlingException" ("" means
	// InternalServerError), or the "err" trailer of Momento, such as "item_not_found" ("" means no
	// trailer).
	Code string
	// Message is, for Fail, the text of the error.
	Message string
}

// set holds the active faults of one server.
type set struct {
	mu      sync.Mutex
	active  []Fault
	changed chan struct{} // closed when active is replaced
}

func newSet() *set { return &set{changed: make(chan struct{})} }

func (s *set) replace(active []Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active = slices.Clone(active)
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *set) refusing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.active, func(fault Fault) bool { return fault.Action == Refuse })
}

// take returns the first fault that applies to op, and a channel that is closed when the fault is
// replaced.
func (s *set) take(op string) (Fault, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, fault := range s.active {
		if fault.Action == Refuse || fault.Op != "" && fault.Op != op {
			continue
		}
		if fault.Times == 1 {
			s.active = slices.Delete(s.active, i, i+1)
		} else if fault.Times > 1 {
			s.active[i].Times--
		}
		return fault, s.changed
	}
	return Fault{}, s.changed
}

// around implements [Endpoint.Around] without the count.
func (s *set) around(ctx context.Context, op string, serve func()) (Fault, error) {
	served := false
	once := func() {
		if !served {
			served = true
			serve()
		}
	}
	for {
		fault, changed := s.take(op)
		if fault.Late {
			once()
		}
		lifted, err := hold(ctx, fault, changed)
		if err != nil {
			return Fault{}, err
		}
		if lifted {
			continue
		}
		if fault.Action == Proceed {
			once()
		}
		return fault, nil
	}
}

// hold waits for the delay of the fault, and reports whether the fault was replaced in that time.
func hold(ctx context.Context, fault Fault, changed <-chan struct{}) (lifted bool, err error) {
	var over <-chan time.Time
	switch {
	case fault.Action == Hang:
		// The channel stays nil, so only a change of the faults or the end of ctx ends the wait.
	case fault.Delay <= 0:
		return false, nil
	default:
		over = time.After(fault.Delay)
	}
	select {
	case <-over:
		return false, nil
	case <-changed:
		return true, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}
