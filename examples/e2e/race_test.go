//go:build race

package e2e_test

// With the race detector the functions are built with it, too. It would sleep for a second at each
// exit.
const race = true

var raceEnvironment = []string{"GORACE=atexit_sleep_ms=0"}
