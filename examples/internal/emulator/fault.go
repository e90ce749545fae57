package emulator

import "github.com/warmclient/warmclient/internal/faults"

// A Fault makes requests to a server fail. The zero Fault does nothing.
type Fault = faults.Fault

// An Action is what a server does instead of answering.
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
