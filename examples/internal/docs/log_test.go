//go:build !race

package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEveryMessageOfTheLogIsExplained compares the log of package app with the table of the
// operations page.
func TestEveryMessageOfTheLogIsExplained(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "examples", "app", "*.go"))
	require.NoError(t, err)
	logged := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`slog\.(?:Debug|Info|Warn|Error|Log)\w*\([^"\n]*"([^"]+)"`).FindAllStringSubmatch(string(source), -1) {
			logged[m[1]] = true
		}
	}
	_, section, ok := strings.Cut(documents(t)["docs/operations.md"], "## Log lines")
	require.True(t, ok)
	explained := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(section, -1) {
		explained[m[1]] = true
	}
	assert.Equal(t, logged, explained)
	assert.Greater(t, len(logged), 3)
}
