package secrettimes_test

import (
	"flag"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/benchmarks/secrettimes"
)

// Two seconds keep the tests short, and are still more than our own budget.
var limit = flag.Duration("limit", 2*time.Second, "the callers' deadline")

// What the peers do is recorded, not asserted: it is theirs to change.
func TestEveryFaultEndsWithinTheBudgetAndIsTold(t *testing.T) {
	samples, err := secrettimes.Times(t.Context(), *limit, 1)
	require.NoError(t, err)
	t.Log("\n" + secrettimes.TimesTable(samples).String())

	seen := 0
	for _, s := range samples {
		if s.Contender != secrettimes.Ours {
			continue
		}
		seen++
		if s.Fault == "good after 700 ms" {
			assert.Empty(t, s.Err)
			assert.Equal(t, 1, s.Requests)
			continue
		}
		assert.NotEmpty(t, s.Err, s.Fault)
		assert.True(t, s.Cause, "%s: %s", s.Fault, s.Err)
		assert.Less(t, s.Median(), *limit, s.Fault)
	}
	assert.Equal(t, 10, seen)
}

func TestCallersWhoComeTogetherShareOneRequest(t *testing.T) {
	all, err := secrettimes.SharedReads(t.Context(), 3)
	require.NoError(t, err)
	t.Log("\n" + secrettimes.SharingTable(all).String())

	ours := all[len(all)-1]
	assert.Equal(t, map[string]int{"GetSecretValue": 1}, ours.Operations)
	assert.Equal(t, 1, ours.Requests)
	assert.Empty(t, ours.SecondErr, "a canceled first caller does not fail the second")
	assert.Less(t, ours.SecondLeft, time.Second, "a waiter returns at its own deadline")
}
