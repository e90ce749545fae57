package momentotest

import "github.com/warmclient/warmclient/internal/faults"

// A Fault makes calls go wrong: Op names the calls it applies to ("Get", "Set", "SetIf",
// "SetIfNotExists" or "Delete"; "" for all), Times their number (0: until it is replaced), Delay
// what passes before, and Action what happens then. Late carries the call out first, so that the
// fault affects only its answer. With Fail, Status is the gRPC code (0: Unavailable), Code the "err"
// trailer such as "item_not_found", and Message the text. The zero Fault does nothing.
type Fault = faults.Fault

// An Action is what the server does in place of its answer.
type Action = faults.Action

const (
	// Proceed answers as the service would: a Fault with only a Delay is latency.
	Proceed = faults.Proceed
	// Fail answers with the error of Status, Code and Message.
	Fail = faults.Fail
	// Hang does not answer while the fault is in force. When it is healed, the call is served.
	Hang = faults.Hang
	// Reset breaks the connection that the call came in on.
	Reset = faults.Reset
	// Refuse is an outage: it breaks all connections of the server's own listener, and each new one
	// as soon as it is made.
	Refuse = faults.Refuse
	// Garbage answers with success and a message that does not decode.
	Garbage = faults.Garbage
)
