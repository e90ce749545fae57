package tabletimes_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/benchmarks/tabletimes"
)

// What the SDK does is recorded, not asserted: it is theirs to change.
func TestDeadConnectionsFailNoRequest(t *testing.T) {
	all, err := tabletimes.Thaws(t.Context(), 1)
	require.NoError(t, err)
	t.Log("\n" + tabletimes.ThawTable(all).String())
	ours := all[len(all)-1]
	require.Equal(t, tabletimes.Ours, ours.Contender)
	assert.Zero(t, ours.Failed[0])
	assert.GreaterOrEqual(t, ours.Took[0], 400*time.Millisecond, "a dead connection costs one attempt")
}

func TestWritesSucceedOnceTheTableIsNoLongerBusy(t *testing.T) {
	all, err := tabletimes.BusyTables(t.Context(), 1)
	require.NoError(t, err)
	t.Log("\n" + tabletimes.BusyTable(all).String())
	busy := map[string]time.Duration{
		"throttles for 200 ms": 200 * time.Millisecond, "throttles for 1 s": time.Second, "throttles for 2 s": 2 * time.Second,
		"one transaction at a time": 30 * 5 * time.Millisecond,
	}
	seen := 0
	for _, b := range all {
		if b.Contender == tabletimes.Ours {
			seen++
			assert.GreaterOrEqual(t, b.Took[0], busy[b.State], b.State)
			assert.Equal(t, 30, b.Succeeded[0], b.State)
		}
	}
	assert.Equal(t, 4, seen)
}
