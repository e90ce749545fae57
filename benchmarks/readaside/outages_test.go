package readaside_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/benchmarks/readaside"
)

// What the peers do is recorded, not asserted: it is theirs to change.
func TestConcurrentMissesAreOneLoadAndACancelFailsNoOtherCaller(t *testing.T) {
	t.Parallel()
	all, err := readaside.Coalescing(t.Context())
	require.NoError(t, err)
	t.Log("\n" + readaside.CoalescingTable(all).String())

	ours := all[len(all)-1]
	require.Equal(t, readaside.Ours, ours.Contender)
	assert.Equal(t, 1, ours.Loads)
	assert.Zero(t, ours.Failed)
}

func TestARequestSucceedsWhateverTheCacheDoes(t *testing.T) {
	t.Parallel()
	all, err := readaside.Outages(t.Context())
	require.NoError(t, err)
	t.Log("\n" + readaside.OutagesTable(all).String())

	seen := 0
	for _, o := range all {
		if o.Contender != readaside.Ours {
			continue
		}
		seen++
		for _, r := range []readaside.Request{o.First, o.Later} {
			assert.True(t, r.Good(), "%s: %+v", o.Fault, r)
			assert.Less(t, r.Took, 300*time.Millisecond, o.Fault)
		}
	}
	assert.Equal(t, 5, seen)
}
