package momentotest

import "github.com/warmclient/warmclient/internal/faults"

// A Fault makes calls fail. Op is the call it applies to, "Get", "Set", "SetIf", "SetIfNotExists"
// or "Delete", or "" for all. Times is the number of calls it applies to; 0 means all calls until
// the fault is replaced. The server waits for Delay and then performs Action. If Late is set, the
// server carries out the call first, and the fault affects only the answer. For Fail, Status is the
// gRPC code (0 means Unavailable), Code is the "err" trailer, such as "item_not_found", and Message
// is the text. The zero Fault does nothing.
type Fault = faults.Fault

// An Action is what the server does instead of answering.
type Action = faults.Action

const (
	// Proceed answers as the service does. A Fault with only a Delay adds latency.
	Proceed = faults.Proceed
	// Fail answers with the error that Status, Code and Message describe.
	Fail = faults.Fail
	// Hang does not answer while the fault is active. The call is served when the fault is healed.
	Hang = faults.Hang
	// Reset breaks the connection that the call came in on.
	Reset = faults.Reset
	// Refuse simulates an outage: it breaks all connections of the server's own listener, and every
	// new connection at once.
	Refuse = faults.Refuse
	// Garbage answers with success and a malformed message.
	Garbage = faults.Garbage
)
