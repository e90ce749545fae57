// Package e2e starts the six functions of the examples as Lambda does, each as a compiled process
// behind a Runtime API, with DynamoDB, Secrets Manager and Momento on loopback, and checks what
// only shows there: cold and warm invocations, deadlines, outages at the start, a rotated token,
// freezing and thawing, concurrency and SIGTERM. It also checks that template.yaml and
// serverless.yml deploy what the code is.
//
//	go test ./examples/e2e
//	go test ./examples/e2e -run '^$' -bench .    # how long a start takes, and a cold request
//
// It has tests and benchmarks only.
package e2e
