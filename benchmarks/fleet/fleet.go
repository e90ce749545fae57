// Package fleet simulates, in virtual time, processes on Lambda that share a cache and a table.
// They read and update keys of a Zipf distribution, while calls of the cache are slow or lost,
// entries are evicted, processes are frozen and killed between any two steps, and the cache is out
// for a while. It compares package readaside, the real code of it, with the protocols that are
// usually written by hand.
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

// Result is what became of the requests of one fleet.
type Result struct {
	Protocol  string
	Processes int
	Reads     int
	Writes    int
	Failed    int           // requests that ended in an error, other than by the death of their process
	Stale     int           // reads that returned a value older than a write that had returned before they began
	Remaining int           // those of Stale that follow what the documentation of readaside lists
	Oldest    time.Duration // how long before such a read began the newer write had returned, at the most
	Loads     int           // of the table
	Hottest   int           // loads of one key within one second, at the most

	ReadCalls, WriteCalls int // of the cache

	ReadP50, ReadP99, WriteP50, WriteP99 time.Duration
}

// Run simulates all protocols in fleets of these sizes. The simulation is a test, since virtual
// time is a thing of tests.
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

// planVariable holds the plan of TestFleet. Without one the test simulates a small fleet.
const planVariable = "WARMCLIENT_FLEET"

type plan struct {
	File      string
	Processes []int
	Requests  int // of each fleet, or what its processes do in a minute if that is more
}
