package pictures_test

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/benchmarks/internal/pictures"
)

func TestAPictureIsAFileThatSaysWhatIsInIt(t *testing.T) {
	log := pictures.Scale{Log: true, Format: pictures.Duration}
	missing := pictures.Range{Median: math.NaN()}
	series := []pictures.Series{
		{Name: "theirs", Ranges: []pictures.Range{{Least: 90, Median: 100, Most: 3000}, missing}},
		{Name: "ours", Ranges: []pictures.Range{{Least: 1, Median: 2, Most: 3}, {Least: 5, Median: 5, Most: 5}}, Labels: []string{"", "five"}},
	}
	for _, c := range []struct {
		name    string
		picture pictures.Picture
		words   []string
	}{
		{
			"dots",
			pictures.Dots{Title: "Reads", Axis: "time of a read", Rows: []string{"first", "second"}, Series: series, Scale: log}.Picture(),
			[]string{"Reads", "time of a read", "first", "second", "theirs", "ours", "100 ns", "2 ns", "five", "1 \u00b5s"},
		},
		{
			"curves",
			pictures.Growth("Growth", "readers", []float64{1, 10},
				pictures.Curves{Axis: "time", Scale: log, Series: series},
				pictures.Curves{Axis: "memory", Scale: pictures.Scale{Format: pictures.Plain}, Series: series}),
			[]string{"Growth", "readers", "time", "memory", "theirs", "ours", "5 ns", "10"},
		},
		{
			"waterfall",
			pictures.Waterfall("A start", []string{"network", "request"}, 100e6, pictures.Fall{Name: "ours", Lanes: []pictures.Lane{
				{Name: "connect", Kind: 0, Bars: []pictures.Bar{{From: 10e6, To: 50e6}}},
				{Name: "hang", Kind: 0, Bars: []pictures.Bar{{From: 20e6, To: 900e6}}},
				{Name: "first", Kind: 1, Bars: []pictures.Bar{{From: 90e6, To: 91e6}}},
			}}),
			[]string{"A start", "connect", "hang", "first", "40 ms", "no end", "1 ms", "network", "since the start of the process"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), c.name+".svg")
			require.NoError(t, c.picture.Save(file, "svg"))
			texts := textsOf(t, file)
			for _, word := range c.words {
				assert.Contains(t, texts, word)
			}
		})
	}
}

// textsOf returns the texts of a well-formed SVG.
func textsOf(t *testing.T, file string) (texts []string) {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	for d := xml.NewDecoder(f); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return texts
		}
		require.NoError(t, err)
		if data, ok := token.(xml.CharData); ok && strings.TrimSpace(string(data)) != "" {
			texts = append(texts, strings.TrimSpace(string(data)))
		}
	}
}

func TestDurationsAreInTheUnitThatSuitsThem(t *testing.T) {
	for ns, want := range map[float64]string{
		0: "0", 0.31: "0.31 ns", 2.14: "2.1 ns", 47: "47 ns", 999.9: "1 \u00b5s", 1500: "1.5 \u00b5s", 12.34e6: "12.3 ms", 29e9: "29 s",
	} {
		assert.Equal(t, want, pictures.Duration(ns))
	}
}
