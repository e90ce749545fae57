//go:build !race

package docs_test

import (
	"bytes"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const catalog = "examples/catalog"

// TestTheCatalogCompilesInAModuleOfItsOwn copies the catalog as a reader does.
func TestTheCatalogCompilesInAModuleOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	checkout, err := filepath.Abs(root)
	require.NoError(t, err)
	mod := fmt.Sprintf("module example.com/catalog\n\ngo 1.26\n\nreplace github.com/warmclient/warmclient => %s\n", checkout)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(mod), 0o644))
	files, err := filepath.Glob(filepath.Join(root, catalog, "*.go"))
	require.NoError(t, err)
	require.Len(t, files, 2, "the program and its tests")
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.Base(file)), source, 0o644))
	}
	for _, args := range [][]string{{"mod", "tidy"}, {"vet", "./..."}} {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "go %s: %s", strings.Join(args, " "), out)
	}
}

func TestTheCatalogIsShortAndImportsNothingThatItsReaderCannot(t *testing.T) {
	source, err := os.ReadFile(filepath.Join(root, catalog, "main.go"))
	require.NoError(t, err)
	assert.LessOrEqual(t, bytes.Count(source, []byte("\n")), 200)
	file, err := parser.ParseFile(token.NewFileSet(), "main.go", source, parser.ImportsOnly)
	require.NoError(t, err)
	for _, i := range file.Imports {
		assert.NotContains(t, i.Path.Value, "/internal")
		assert.NotContains(t, i.Path.Value, "/examples/")
	}
}
