package secretstest

import "github.com/warmclient/warmclient/internal/faults"

// A Fault makes requests fail. Op is the operation it applies to, "GetSecretValue" or
// "DescribeSecret", or "" for both. Times is the number of requests it applies to; 0 means all
// requests until the fault is replaced. The server waits for Delay and then performs Action. If
// Late is set, the server carries out the request first, and the fault affects only the answer. For
// Fail, Status is the HTTP status (0 means 500), Code is the error code, such as
// "ThrottlingException" ("" means InternalServerError), and Message is the text. The zero Fault
// does nothing.
type Fault = faults.Fault

// An Action is what the server does instead of answering.
type Action = faults.Action

const (
	// Proceed answers as the service does. A Fault with only a Delay adds latency.
	Proceed = faults.Proceed
	// Fail answers with the error that Status, Code and Message describe.
	Fail = faults.Fail
	// Hang does not answer while the fault is active. The request is served when the fault is
	// healed.
	Hang = faults.Hang
	// Reset breaks the connection that the request came in on.
	Reset = faults.Reset
	// Refuse simulates an outage: it breaks all connections, and every new connection at once.
	Refuse = faults.Refuse
	// Garbage answers with status 200 and a body that is not JSON.
	Garbage = faults.Garbage
)
