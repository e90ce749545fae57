package cachetest_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/readaside"
	"github.com/warmclient/warmclient/readaside/cachetest"
)

const childVariable = "CACHETEST_BROKEN_CACHES"

// TestBrokenCaches runs in a separate process, in which it must fail.
func TestBrokenCaches(t *testing.T) {
	if os.Getenv(childVariable) == "" {
		t.Skip("part of TestRunFindsEachFault")
	}
	cachetest.SetPatience(3 * time.Second)
	for _, c := range brokenCaches {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cachetest.Run(t, func(*testing.T) readaside.Cache {
				b := c.cache()
				b.Memory = cachetest.NewMemory()
				return b
			})
		})
	}
}

func TestRunWaitsForACacheThatIsNotReady(t *testing.T) {
	ready := time.Now().Add(100 * time.Millisecond)
	var skipped atomic.Int64
	cachetest.Run(t, func(*testing.T) readaside.Cache {
		return &broken{
			Memory: cachetest.NewMemory(),
			set: func(m *cachetest.Memory, ctx context.Context, key string, value []byte, ttl time.Duration) error {
				if time.Now().Before(ready) {
					skipped.Add(1)
					return fmt.Errorf("%w: connecting", readaside.ErrNotReady)
				}
				return m.Set(ctx, key, value, ttl)
			},
		}
	})
	assert.NotZero(t, skipped.Load())
}

func TestRunFindsEachFault(t *testing.T) {
	name := strings.NewReplacer(" ", "_").Replace
	missed := make(map[string]bool) // "cache/check"
	for _, c := range brokenCaches {
		missed[name(c.name)+"/"+name(c.check)] = true
	}
	idle := make(map[string]bool) // checks that no broken cache fails
	// On a busy machine a check may miss a race or a short ttl in one run and find it in another.
	for attempt := 0; len(missed) > 0 && attempt < 6; attempt++ {
		for _, r := range runBrokenCaches(t) {
			if r.failed {
				delete(missed, r.cache+"/"+r.check)
			}
			idle[r.check] = true
		}
	}
	assert.Empty(t, missed, "faults that their check does not find")
	for _, c := range brokenCaches {
		delete(idle, name(c.check))
	}
	assert.Empty(t, idle, "checks that no broken cache fails")
}

type checked struct {
	cache, check string
	failed       bool
}

func runBrokenCaches(t *testing.T) (results []checked) {
	t.Helper()
	binary, err := os.Executable()
	require.NoError(t, err)
	child := exec.CommandContext(t.Context(), binary, "-test.run=^TestBrokenCaches$", "-test.v", "-test.parallel=200")
	// A race reported in one cache would fail the checks of all others that run.
	child.Env = append(os.Environ(), childVariable+"=1", "GORACE=report_bugs=0")
	out, err := child.CombinedOutput()
	require.Error(t, err, "%s", out)
	for _, line := range regexp.MustCompile(`(?m)^ *--- (PASS|FAIL): TestBrokenCaches/(.*)/conformance/(.*) \(`).FindAllStringSubmatch(string(out), -1) {
		results = append(results, checked{line[2], line[3], line[1] == "FAIL"})
	}
	require.NotEmpty(t, results, "%s", out)
	return results
}
