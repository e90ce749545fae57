package holders_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/benchmarks/holders"
)

func TestMain(m *testing.M) {
	holders.RunChild()
	os.Exit(m.Run())
}

// What the peers do is recorded, not asserted: it is theirs to change.
func TestHardCasesBesidePeers(t *testing.T) {
	outcomes, err := holders.Outcomes(t.Context())
	require.NoError(t, err)
	t.Log("\n" + holders.Table(outcomes).String())

	ours := make(map[string]holders.Outcome)
	for _, o := range outcomes {
		assert.NotEmpty(t, o.Verdict, "%s, %s", o.Contender, o.Case)
		if o.Contender == holders.Ours {
			require.Empty(t, o.LastWords)
			ours[o.Case] = o
		}
	}
	require.Len(t, ours, 5)

	t.Run("a storm of failures is one open, whose error all callers share and none keeps", func(t *testing.T) {
		o := ours[holders.FailureStorm]
		assert.Equal(t, 1, o.Opens)
		for _, e := range o.Callers {
			assert.Contains(t, e.Err, "no route to host")
			assert.Less(t, e.Took, 500*time.Millisecond, "that would be one open after the other")
		}
		assert.Equal(t, 1, o.Later.Value)
	})
	t.Run("a canceled first caller returns at once and does not fail the second", func(t *testing.T) {
		o := ours[holders.CanceledFirst]
		assert.Equal(t, 1, o.Opens)
		assert.Equal(t, "context canceled", o.Callers[0].Err)
		assert.Less(t, o.Callers[0].Took, o.Callers[1].Took)
		assert.Equal(t, 1, o.Callers[1].Value)
		assert.Empty(t, o.Callers[1].Err)
	})
	t.Run("a panic reaches every caller with its stack, and the next open succeeds", func(t *testing.T) {
		o := ours[holders.Panic]
		assert.Equal(t, 1, o.Opens)
		for _, e := range o.Callers {
			assert.Contains(t, e.Panic, "broken invariant")
			assert.Contains(t, e.Panic, "holders.panicking", "the stack of the open")
		}
		assert.Equal(t, 1, o.Later.Value)
	})
	t.Run("a Goexit is an error to every caller, and the next open succeeds", func(t *testing.T) {
		o := ours[holders.Goexit]
		assert.Equal(t, 1, o.Opens)
		for _, e := range o.Callers {
			assert.Contains(t, e.Err, "runtime.Goexit was called")
		}
		assert.Equal(t, 1, o.Later.Value)
	})
	t.Run("a value that was invalidated while it was opened is not served", func(t *testing.T) {
		o := ours[holders.InvalidatedOpen]
		assert.Equal(t, 2, o.Callers[0].Value)
		assert.Equal(t, 2, o.Later.Value)
	})
}
