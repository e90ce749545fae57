// Package coldstart measures the start of two functions that do the same, GET /users/{username}:
// the one of the examples, and a straightforward port of a tutorial (package tutorial beneath).
//
// Each start is a process of its own, which finds a Lambda Runtime API, a DynamoDB, a Secrets
// Manager and a Momento on loopback, the latter with the delays of a network. What is measured is
// measured from outside: no line in either function is there for it.
package coldstart
