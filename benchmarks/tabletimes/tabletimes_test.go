package tabletimes_test

import (
	"testing"

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
}

func TestWritesSucceedOnceTheTableIsNoLongerBusy(t *testing.T) {
	all, err := tabletimes.BusyTables(t.Context(), 1)
	require.NoError(t, err)
	t.Log("\n" + tabletimes.BusyTable(all).String())
	seen := 0
	for _, b := range all {
		if b.Contender == tabletimes.Ours {
			seen++
			assert.Equal(t, 30, b.Succeeded[0], b.State)
		}
	}
	assert.Equal(t, 4, seen)
}
