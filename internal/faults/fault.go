// Package faults is what the test servers of this module have in common: a loopback listener whose
// connections can be broken, the faults that are put in force, and the JSON protocol of AWS.
package faults

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Action is what a server does in place of its answer.
type Action uint8

const (
	// Proceed answers as the service would: a Fault with only a Delay is latency.
	Proceed Action = iota
	// Fail answers with the error of Status, Code and Message.
	Fail
	// Hang answers nothing while the fault is in force. Healed, the request is served after all.
	Hang
	// Reset breaks the connection that the request came in on, and with it the other calls of a
	// multiplexed one.
	Reset
	// Refuse is an outage: it breaks all connections, and each new one as soon as it is made. Op,
	// Times, Delay and Late mean nothing here. The port stays taken, so the server comes back on
	// it; a gRPC client notices after a second or more, when it dials again.
	Refuse
	// Garbage answers with success and a body that does not decode.
	Garbage
)

// Fault makes requests go wrong. The zero Fault does nothing.
type Fault struct {
	// Op names the operation it applies to, such as "GetItem", "GetSecretValue" or "SetIf"; "": all
	// of them.
	Op string
	// Times is the number of requests it applies to; 0: all of them until it is replaced.
	Times int
	// Delay passes before Action. A request that waits in it is served at once when the fault is
	// replaced. Hang ignores it.
	Delay time.Duration
	// Action is what happens then.
	Action Action
	// Late carries out the request first, so that the fault affects the answer only: the client
	// cannot know that its write is committed.
	Late bool
	// Status is, with Fail, the HTTP status of an AWS service (0: 500) or the gRPC code of Momento
	// (0: Unavailable).
	Status int
	// Code is, with Fail, the error code of an AWS service, such as "ThrottlingException" ("":
	// InternalServerError), or the "err" trailer of Momento, such as "item_not_found" ("": no
	// trailer).
	Code string
	// Message is, with Fail, the text of the error.
	Message string
}

// set is the faults in force at one server.
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

// take returns the first fault that applies to op, and the channel that tells of its end.
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

// around runs serve at most once, when the fault in force for op lets it, and returns the fault
// that decides about the answer. Serve has run if that fault's Action is Proceed. An error means
// that ctx has ended: its client or its connection is gone, and an answer would reach no one.
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

// hold waits for as long as the fault asks, and reports whether the fault was replaced meanwhile.
func hold(ctx context.Context, fault Fault, changed <-chan struct{}) (lifted bool, err error) {
	var over <-chan time.Time
	switch {
	case fault.Action == Hang:
		// A nil channel: only a change or the client's leaving ends it.
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
