//go:build race

package e2e_test

// With the race detector, the functions are also built with it. By default it sleeps for a second
// at each exit.
const race = true

var raceEnvironment = []string{"GORACE=atexit_sleep_ms=0"}
