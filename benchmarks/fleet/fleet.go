// Package fleet simulates, in virtual time, processes on Lambda that share a cache and a table.
// They read and update keys of a Zipf distribution while calls of the cache are slow or lost,
// entries are evicted, processes are frozen or killed between any two steps, and the cache has an
// outage. The simulation compares the code of package readaside with protocols that are usually
// written by hand.
package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Result summarizes the requests of one fleet.
type Result struct {
	Protocol  string
	Processes int
	Reads     int
	Writes    int
	Failed    int           // requests that returned an error, except those of a killed process
	Stale     int           // reads that returned a value older than a write that had returned before they began
	Remaining int           // those of Stale in the cases that the documentation of readaside lists
	Oldest    time.Duration // the maximum time between the return of the newer write and the beginning of such a read
	Loads     int           // of the table
	Hottest   int           // the maximum number of loads of one key within one second

	ReadCalls, WriteCalls int // of the cache

	ReadP50, ReadP99, WriteP50, WriteP99 time.Duration
}

// Run simulates all protocols in fleets of these sizes. The simulation runs as a test, because only
// tests have virtual time.
func Run(ctx context.Context, module string, processes []int, requests int) ([]Result, error) {
	dir, err := os.MkdirTemp("", "warmclient-fleet-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "results.json")
	plan, err := json.Marshal(plan{File: file, Processes: processes, Requests: requests})
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-timeout=30m", "-run=^TestFleet$", "./fleet")
	cmd.Dir = module
	cmd.Env = append(os.Environ(), planVariable+"="+string(plan))
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("fleet: %w\n%s", err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var results []Result
	return results, json.Unmarshal(text, &results)
}

// planVariable is the environment variable with the plan of TestFleet. Without it, the test
// simulates a small fleet.
const planVariable = "WARMCLIENT_FLEET"

type plan struct {
	File      string
	Processes []int
	Requests  int // of each fleet, or the number that its processes make in a minute if that is more
}
