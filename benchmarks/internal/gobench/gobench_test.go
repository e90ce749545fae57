package gobench_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/benchmarks/internal/gobench"
)

const text = `goos: linux
pkg: example.com/holders
cpu: A Processor
BenchmarkWarm/Once     	100000000	         3.900 ns/op	       0 B/op	       0 allocs/op
BenchmarkWarm/Once-8   	100000000	         1.500 ns/op	       0 B/op	       0 allocs/op
BenchmarkWarm/Once-8   	100000000	         1.600 ns/op	       0 B/op	       0 allocs/op
PASS
ok  	example.com/holders	1.2s
`

func TestTextIsReadLineByLine(t *testing.T) {
	lines, err := gobench.Read(strings.NewReader(text))
	require.NoError(t, err)
	require.Len(t, lines, 3)
	assert.Equal(t, gobench.Line{
		Package: "example.com/holders", CPU: "A Processor", Name: "Warm/Once", Iterations: 100000000,
		Values: []gobench.Value{{3.9, "ns/op"}, {0, "B/op"}, {0, "allocs/op"}},
	}, lines[0])

	for _, c := range []struct {
		procs int
		want  []float64
	}{
		{0, []float64{3.9, 1.5, 1.6}}, {1, []float64{3.9}}, {8, []float64{1.5, 1.6}}, {2, nil},
	} {
		assert.Equal(t, c.want, gobench.Numbers(lines, "Warm/Once", c.procs, "ns/op"), "%d processors", c.procs)
	}
	assert.Nil(t, gobench.Numbers(lines, "Warm", 0, "ns/op"))
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	lines, err := gobench.Read(strings.NewReader(text))
	require.NoError(t, err)
	lines = append(lines, gobench.Line{
		Package: "example.com/secrets", Name: "Time/fault=hang", Iterations: 1, Values: []gobench.Value{{1.002e9, "ns/op"}},
	})
	var b strings.Builder
	require.NoError(t, gobench.Write(&b, lines))
	back, err := gobench.Read(strings.NewReader(b.String()))
	require.NoError(t, err)
	assert.Equal(t, lines, back)
}

func BenchmarkNothing(b *testing.B) {
	for b.Loop() {
	}
}

func TestASuiteRunsInAProcessOfItsOwn(t *testing.T) {
	module, err := gobench.Module(t.Context())
	require.NoError(t, err)
	lines, err := gobench.Run(t.Context(), module, gobench.Suite{
		Package: "./internal/gobench", Bench: "^BenchmarkNothing$", CPU: "1,2", Time: "10x", Count: 2,
	})
	require.NoError(t, err)
	assert.Len(t, gobench.Numbers(lines, "Nothing", 1, "ns/op"), 2)
	assert.Len(t, gobench.Numbers(lines, "Nothing", 2, "ns/op"), 2)

	_, err = gobench.Run(t.Context(), module, gobench.Suite{Package: "./internal/gobench", Bench: "^None$", Time: "1x", Count: 1})
	assert.ErrorContains(t, err, "no such benchmark")
}
