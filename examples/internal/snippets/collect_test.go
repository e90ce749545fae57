package snippets_test

import (
	"go/doc/comment"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const root = "../../.."

// block is a piece of Go in a document.
type block struct {
	file string // absolute
	line int    // of its first line
	code string
}

// markdown has the blocks of one document that are marked as Go.
func markdown(file, text string) []block {
	var all []block
	var fence string // what ends the block, "" outside
	var current *block
	for i, line := range strings.Split(text, "\n") {
		mark := strings.TrimSpace(line)
		switch {
		case fence == "" && strings.HasPrefix(mark, "```"):
			info := strings.TrimLeft(mark, "`")
			fence = mark[:len(mark)-len(info)]
			if info == "go" || strings.HasPrefix(info, "go ") {
				current = &block{file: file, line: i + 2}
			}
		case fence != "" && mark == fence:
			if current != nil {
				all = append(all, *current)
			}
			fence, current = "", nil
		case current != nil:
			current.code += line + "\n"
		}
	}
	return all
}

// programs has the blocks of a package's page that are whole files, given the file that the page is in. Its other
// blocks may be of any language.
func programs(file, text string) ([]block, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		return nil, err
	}
	var all []block
	for _, content := range new(comment.Parser).Parse(parsed.Doc.Text()).Content {
		c, ok := content.(*comment.Code)
		if !ok || !strings.HasPrefix(c.Text, "package ") {
			continue
		}
		first, _, _ := strings.Cut(c.Text, "\n")
		before, _, _ := strings.Cut(text, "//\t"+first)
		all = append(all, block{file: file, line: strings.Count(before, "\n") + 1, code: c.Text})
	}
	return all, nil
}

func documents(t *testing.T) []block {
	t.Helper()
	var all []block
	for _, pattern := range []string{"*.md", "docs/*.md", "examples/*.md", "benchmarks/*.md"} {
		names, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, name := range names {
			file, err := filepath.Abs(name)
			require.NoError(t, err)
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			all = append(all, markdown(file, string(text))...)
		}
	}
	return all
}

// pages has the programs of the packages that other modules can import.
func pages(t *testing.T) []block {
	t.Helper()
	var all []block
	for _, dir := range []string{"lazyclient", "secrets", "accounts", "readaside/momentocache"} {
		file, err := filepath.Abs(filepath.Join(root, dir, "doc.go"))
		require.NoError(t, err)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		found, err := programs(file, string(text))
		require.NoError(t, err)
		require.NotEmpty(t, found, "%s starts with no program", file)
		all = append(all, found...)
	}
	return all
}
