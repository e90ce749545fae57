//go:build !race

package docs_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryGoBlockCompiles(t *testing.T) {
	var all []block
	for file, text := range documents(t) {
		for _, b := range parse(file, text) {
			if b.language == "go" && b.mark == "" {
				all = append(all, b)
			}
		}
	}
	require.NotEmpty(t, all)
	messages, err := compile(t.TempDir(), all)
	require.NoError(t, err)
	assert.Empty(t, messages)
}

// compile returns what the go command finds wrong with the blocks, "" if nothing. It puts each into
// a package of its own, in a new module in dir, and has all of them vetted at once: nothing is
// linked.
func compile(dir string, all []block) (string, error) {
	if err := writeModule(dir); err != nil {
		return "", err
	}
	for i, b := range all {
		source, test, err := b.complete()
		if err != nil {
			return "", fmt.Errorf("%s:%d: %w", b.file, b.line, err)
		}
		name := "snippet.go"
		if test {
			name = "snippet_test.go"
		}
		pkg := filepath.Join(dir, fmt.Sprintf("snippet%d", i))
		if err := os.Mkdir(pkg, 0o755); err != nil {
			return "", err
		}
		source = fmt.Sprintf("//line %s:%d\n%s", b.file, b.line, source)
		if err := os.WriteFile(filepath.Join(pkg, name), []byte(source), 0o644); err != nil {
			return "", err
		}
	}

	vet := exec.Command("go", "vet", "./...")
	vet.Dir = dir
	vet.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly")
	out, err := vet.CombinedOutput()
	if _, exited := errors.AsType[*exec.ExitError](err); exited && len(out) > 0 {
		return string(out), nil
	}
	return "", err
}

// writeModule makes dir a module that requires, at the same versions, what the examples module
// does, and so nothing that is internal to it.
func writeModule(dir string) error {
	examples, err := filepath.Abs(filepath.Join(root, "examples"))
	if err != nil {
		return err
	}
	mod, err := os.ReadFile(filepath.Join(examples, "go.mod"))
	if err != nil {
		return err
	}
	sum, err := os.ReadFile(filepath.Join(examples, "go.sum"))
	if err != nil {
		return err
	}
	mod = bytes.Replace(mod, []byte("module github.com/warmclient/warmclient/examples"), []byte("module snippets"), 1)
	mod = bytes.ReplaceAll(mod, []byte("=> ../"), []byte("=> "+filepath.Dir(examples)+"/"))
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), mod, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "go.sum"), sum, 0o644)
}

func TestABlockThatDoesNotCompileIsReportedAtItsLine(t *testing.T) {
	dir := t.TempDir()
	document := filepath.Join(dir, "guide.md")
	good := []block{
		{file: document, line: 1, text: "// Command x does nothing.\npackage main\n\nfunc main() {}\n"},
		{file: document, line: 1, text: "var h = lazyclient.Holder[int]{}\n\nfunc f(ctx context.Context) error { return h.Warm(ctx) }\n"},
		{file: document, line: 1, text: "import \"time\"\n\nvar d time.Duration\n"},
		{file: document, line: 1, text: "user, err := service.GetUser(ctx, \"ann\")\nvar h lazyclient.Holder[string]\n"},
		{file: document, line: 1, text: "package orders_test\n\nimport \"testing\"\n\nfunc TestX(t *testing.T) {}\n"},
		{file: document, line: 1, text: "require.Equal(t, 1, 1)\n"},
	}
	messages, err := compile(t.TempDir(), good)
	require.NoError(t, err)
	require.Empty(t, messages)

	// What is wrong, and where it is reported: the blocks begin at line 20.
	for code, want := range map[string]string{
		"package main\n\nfunc main() { gone() }\n":        "guide.md:22: undefined: gone",
		"x := 1\nservice.GetUsers(ctx)\n":                 "guide.md:21",
		"var h lazyclient.Holders[int]\n":                 "guide.md:20",
		"fmt.Printf(\"%d\", \"text\")\n":                  "guide.md:20",
		"package main\n\nimport _ \"example.org/gone\"\n": "example.org/gone",
	} {
		messages, err := compile(t.TempDir(), []block{{file: document, line: 20, text: code}})
		require.NoError(t, err)
		assert.Contains(t, messages, want)
	}

	_, err = compile(t.TempDir(), []block{{file: document, line: 20, text: "..."}})
	assert.ErrorContains(t, err, "guide.md:20")
}
