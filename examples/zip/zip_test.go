package main

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryFunctionIsZipped(t *testing.T) {
	module, err := moduleDir(t.Context())
	require.NoError(t, err)
	mains, err := filepath.Glob(filepath.Join(module, "*", "main.go"))
	require.NoError(t, err)
	var found []string
	for _, path := range mains {
		source, err := os.ReadFile(path)
		require.NoError(t, err)
		if bytes.Contains(source, []byte(`app.Start("`)) {
			found = append(found, filepath.Base(filepath.Dir(path)))
		}
	}
	assert.ElementsMatch(t, functions, found)
}

func TestPackDependsOnNothingButTheContent(t *testing.T) {
	write := func(name string, mode fs.FileMode, content string) (path string) {
		path = filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, []byte(content), mode))
		return path
	}
	zipOf := func(path string) (string, []byte) {
		out := filepath.Join(t.TempDir(), "out.zip")
		sum, err := pack(path, out)
		require.NoError(t, err)
		content, err := os.ReadFile(out)
		require.NoError(t, err)
		return sum, content
	}
	sumA, zipA := zipOf(write("createuser", 0o700, "code"))
	sumB, zipB := zipOf(write("getuser", 0o600, "code"))
	sumC, _ := zipOf(write("createuser", 0o700, "other code"))
	assert.Equal(t, zipA, zipB)
	assert.Equal(t, sumA, sumB)
	assert.NotEqual(t, sumA, sumC)
}

func TestBadArgumentsAreAClearLineAndStatusTwo(t *testing.T) {
	for _, args := range [][]string{{"-arch", "riscv64"}, {"-nosuch"}, {"createuser"}} {
		var stdout, stderr bytes.Buffer
		assert.Equal(t, 2, run(t.Context(), args, &stdout, &stderr), args)
		assert.Empty(t, stdout.String())
		assert.Regexp(t, `^zip: .+ \(see -help\)\n$`, stderr.String())
	}
}

func TestHelpIsNoError(t *testing.T) {
	var stdout, stderr bytes.Buffer
	assert.Equal(t, 0, run(t.Context(), []string{"-help"}, &stdout, &stderr))
	assert.Equal(t, usage, stdout.String())
	assert.Empty(t, stderr.String())
}

func TestAnInterruptedRunIsStatusOneWithItsReasonAndWritesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	out := filepath.Join(t.TempDir(), "dist")
	assert.Equal(t, 1, run(ctx, []string{"-o", out}, &stdout, &stderr))
	assert.Contains(t, stderr.String(), "context canceled")
	assert.NoDirExists(t, out)
}

func TestAFailedBuildTellsWhatTheCompilerSays(t *testing.T) {
	module := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(module, "go.mod"), []byte("module m\n\ngo 1.26\n"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(module, "broken"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(module, "broken", "main.go"), []byte("package main\n\nfunc main() { nothing() }\n"), 0o600))
	err := build(t.Context(), module, "arm64", t.TempDir(), "broken")
	require.ErrorContains(t, err, "undefined: nothing")
}
