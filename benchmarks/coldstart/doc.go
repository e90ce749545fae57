// Package coldstart measures the start of two implementations of GET /users/{username}: the
// function of the examples, and a direct port of a tutorial (command tutorial).
//
// Each start is a separate process with a Lambda Runtime API, and with DynamoDB, Secrets Manager
// and Momento servers on the loopback interface that add the delays of a network. The times are
// measured outside of the process: neither function contains code for the measurement.
package coldstart
