//go:build !race

// The race detector sees nothing of what a compiler does.

package main

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The second build is of a copy of the sources, in another place, with other times.
func TestTwoBuildsOfTheSameSourcesAreTheSameBytes(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles for another architecture, which takes a minute or two the first time")
	}
	module, err := moduleDir(t.Context())
	require.NoError(t, err)
	first := buildZip(t, module)
	second := buildZip(t, copyOf(t, module))
	assert.True(t, bytes.Equal(first, second), "%d and %d bytes", len(first), len(second))
	checkZip(t, first, module)
}

func buildZip(t *testing.T, module string) []byte {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, build(t.Context(), module, "arm64", dir, "getuser"))
	path := filepath.Join(dir, "getuser.zip")
	_, err := pack(filepath.Join(dir, "getuser"), path)
	require.NoError(t, err)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return content
}

func checkZip(t *testing.T, content []byte, module string) {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	require.NoError(t, err)
	require.Len(t, archive.File, 1)
	bootstrap := archive.File[0]
	assert.Equal(t, "bootstrap", bootstrap.Name)
	assert.Equal(t, fs.FileMode(0o755), bootstrap.Mode())
	r, err := bootstrap.Open()
	require.NoError(t, err)
	executable, err := io.ReadAll(r)
	require.NoError(t, err)
	parsed, err := elf.NewFile(bytes.NewReader(executable))
	require.NoError(t, err)
	assert.Equal(t, elf.EM_AARCH64, parsed.Machine)
	assert.Nil(t, parsed.Section(".symtab"), "it is stripped")
	libraries, err := parsed.ImportedLibraries()
	assert.NoError(t, err)
	assert.Empty(t, libraries, "it is static")
	assert.False(t, bytes.Contains(executable, []byte(module)), "it holds a path of this machine")
}

// copyOf copies what a build of the module reads: its sources and those of the root module, beside
// which it has to be.
func copyOf(t *testing.T, module string) string {
	t.Helper()
	root, to := filepath.Dir(module), t.TempDir()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // gone meanwhile
			}
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "dist") {
			return filepath.SkipDir
		}
		name := d.Name()
		if d.IsDir() || filepath.Ext(name) != ".go" && name != "go.mod" && name != "go.sum" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o644)
	})
	require.NoError(t, err)
	return filepath.Join(to, filepath.Base(module))
}
