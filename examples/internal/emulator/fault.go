package emulator

import "github.com/warmclient/warmclient/internal/faults"

// Fault makes requests to a server go wrong. The zero Fault does nothing.
type Fault = faults.Fault

// Action is what a server does in place of its answer.
type Action = faults.Action

// The actions.
const (
	Proceed = faults.Proceed
	Fail    = faults.Fail
	Hang    = faults.Hang
	Reset   = faults.Reset
	Refuse  = faults.Refuse
	Garbage = faults.Garbage
)
