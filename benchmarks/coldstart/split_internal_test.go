package coldstart

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnInitTraceIsReadByTheClockOfTheRuntime(t *testing.T) {
	l := &log{began: time.Now().Add(-time.Minute)}
	for _, text := range []string{"init runtime @2 ms, 1 ms clock, 0 bytes", ", 0 allocs\ninit slow @5", " ms, 3 ms clock, 1 bytes, 1 allocs\n"} {
		_, err := l.Write([]byte(text))
		require.NoError(t, err)
	}
	assert.Greater(t, l.runtime, 59*time.Second)
	assert.LessOrEqual(t, l.runtime, time.Since(l.began)-8*time.Millisecond, "the second init ended 8 ms after the start")
	l.runtime = 10 * time.Millisecond
	got, err := split(Start{Contact: 20 * time.Millisecond, Ready: 50 * time.Millisecond}, l)
	require.NoError(t, err)
	assert.Equal(t, Split{
		Runtime: 12 * time.Millisecond, Inits: 6 * time.Millisecond, Config: 2 * time.Millisecond, Dials: 30 * time.Millisecond,
		Slowest: map[string]time.Duration{"runtime": time.Millisecond, "slow": 3 * time.Millisecond},
	}, got)
	_, err = split(Start{}, new(log))
	assert.Error(t, err)
}

func TestTheFunctionsHitTheirCacheAndTheInitPhaseIsSplit(t *testing.T) {
	dir, err := os.Getwd()
	require.NoError(t, err)
	programs, err := Build(t.Context(), filepath.Dir(dir), t.TempDir())
	require.NoError(t, err)
	for _, c := range [][2]string{{Tutorial, Healthy}, {Ours, Healthy}, {Ours, Valkey}} {
		var s Start
		for range 10 { // a busy machine may not fill the cache in time
			s, err = start(t.Context(), programs[c[0]], c[1], 5*time.Second, new(log))
			require.NoError(t, err)
			if s.Loads == 1 {
				break
			}
		}
		assert.Equal(t, 1, s.Loads, c)
	}
	splits, err := Splits(t.Context(), programs, 1, 5*time.Second)
	require.NoError(t, err)
	s := splits[0]
	assert.Positive(t, s.Inits)
	assert.Contains(t, s.Slowest, "github.com/aws/aws-sdk-go-v2/service/dynamodb/schemas")
	assert.GreaterOrEqual(t, s.Dials, SecretsManagerAnswer+MomentoConnect)
	t.Log("\n" + SplitTable(splits).String())
}
