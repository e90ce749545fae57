package secretstest

import "github.com/warmclient/warmclient/internal/faults"

// A Fault makes requests go wrong: Op names the operation it applies to ("GetSecretValue" or
// "DescribeSecret"; "" for both), Times the number of requests (0: until it is replaced), Delay
// what passes before, and Action what happens then. Late carries the request out first, so that the
// fault affects only its answer. With Fail, Status is the HTTP status (0: 500), Code the error code
// such as "ThrottlingException" ("": InternalServerError), and Message the text. The zero Fault
// does nothing.
type Fault = faults.Fault

// An Action is what the server does in place of its answer.
type Action = faults.Action

const (
	// Proceed answers as the service would: a Fault with only a Delay is latency.
	Proceed = faults.Proceed
	// Fail answers with the error of Status, Code and Message.
	Fail = faults.Fail
	// Hang does not answer while the fault is in force. When it is healed, the request is served.
	Hang = faults.Hang
	// Reset breaks the connection that the request came in on.
	Reset = faults.Reset
	// Refuse is an outage: it breaks all connections, and each new one as soon as it is made.
	Refuse = faults.Refuse
	// Garbage answers with success and a body that is not JSON.
	Garbage = faults.Garbage
)
