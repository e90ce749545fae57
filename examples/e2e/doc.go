// Package e2e starts the six functions of the examples as Lambda does, each as a compiled process
// that polls a Runtime API, with DynamoDB, Secrets Manager and Momento servers on loopback. It
// tests behavior that requires a real process: cold and warm invocations, deadlines, outages during
// the start, a rotated token, freezing and thawing, concurrency and SIGTERM. It also checks that
// template.yaml and serverless.yml match the code.
//
//	go test ./examples/e2e
//	go test ./examples/e2e -run '^$' -bench .    # how long a start takes, and a cold request
//
// The package contains only tests and benchmarks.
package e2e
