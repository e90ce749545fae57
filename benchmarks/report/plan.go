package main

import "time"

// plan holds the number and the duration of the measurements.
type plan struct {
	Quick bool

	Count        int    // runs of each Go benchmark
	Time         string // of one run, as of -benchtime
	StormTime    string // of the storms, in which a single round is slow
	LoopbackTime string

	SecretLimit time.Duration // the callers' deadline
	SecretRuns  int
	TableRuns   int

	Starts        int           // processes of each function in each scenario
	StartLimit    time.Duration // of a request
	LoadRuns      int
	FleetRequests int // at least, of each simulated fleet
	LoadTime      time.Duration
}

var full = plan{
	Count: 10, Time: "50ms", StormTime: "3x", LoopbackTime: "2000x",
	SecretLimit: 10 * time.Second, SecretRuns: 10, TableRuns: 6,
	// API Gateway's limit for an integration.
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
	Starts: 30, StartLimit: 29 * time.Second,
	LoadRuns: 6, LoadTime: time.Second, FleetRequests: 300_000,
}

// benchstat gives no confidence interval for fewer than six runs.
var quick = plan{
	Quick: true,
	Count: 6, Time: "10ms", StormTime: "1x", LoopbackTime: "300x",
	SecretLimit: 10 * time.Second, SecretRuns: 6, TableRuns: 1,
	Starts: 6, StartLimit: 5 * time.Second,
	LoadRuns: 6, LoadTime: 200 * time.Millisecond, FleetRequests: 30_000,
}
