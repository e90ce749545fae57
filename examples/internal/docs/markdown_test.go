//go:build !race

package docs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// root is the repository's.
const root = "../../.."

// block is a fenced block of a document.
type block struct {
	file     string // from the root
	line     int    // of its first line
	language string
	mark     string // "excerpt", "run", "log"; "" where no comment precedes
	argument string // of the mark
	text     string
}

func (b block) String() string { return fmt.Sprintf("%s:%d", b.file, b.line) }

var mark = regexp.MustCompile(`^<!-- (excerpt|run|log)(?:: (.+))? -->$`)

// parse returns the blocks of a document.
func parse(file, text string) []block {
	var all []block
	var before, fence string // fence ends the block; "" outside
	for i, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimSpace(line)
		switch {
		case fence == "" && strings.HasPrefix(trimmed, "```"):
			language := strings.TrimLeft(trimmed, "`")
			fence = trimmed[:len(trimmed)-len(language)]
			b := block{file: file, line: i + 2, language: language}
			if m := mark.FindStringSubmatch(before); m != nil {
				b.mark, b.argument = m[1], m[2]
			}
			all = append(all, b)
		case fence != "" && trimmed == fence:
			fence = ""
		case fence != "":
			all[len(all)-1].text += line + "\n"
		}
		before = trimmed
	}
	return all
}

// documents returns the text of each document, by its path from the root.
func documents(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "examples/*.md", "benchmarks/*.md"} {
		names, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, name := range names {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			file, err := filepath.Rel(root, name)
			require.NoError(t, err)
			all[filepath.ToSlash(file)] = string(text)
		}
	}
	require.Contains(t, all, "README.md")
	return all
}

// blocks returns the blocks of all documents that have this mark.
func blocks(t *testing.T, mark string) []block {
	t.Helper()
	var all []block
	for file, text := range documents(t) {
		for _, b := range parse(file, text) {
			if b.mark == mark {
				all = append(all, b)
			}
		}
	}
	return all
}

// command is a line after a prompt, and the lines that it prints.
type command struct{ text, output string }

func (b block) commands() []command {
	var all []command
	for line := range strings.Lines(b.text) {
		if text, ok := strings.CutPrefix(line, "$ "); ok {
			all = append(all, command{text: strings.TrimSpace(text)})
		} else if len(all) > 0 {
			all[len(all)-1].output += line
		}
	}
	return all
}

func TestBlocksAndCommandsOfADocumentAreFound(t *testing.T) {
	text := "# T\n<!-- run: x -->\n```console\n$ a b\none\ntwo\n$ c\n```\n\n````go\nx\n```\n````\n<!-- log -->\n```json\n{}\n```\n"
	got := parse("d.md", text)
	assert.Equal(t, []block{
		{file: "d.md", line: 4, language: "console", mark: "run", argument: "x", text: "$ a b\none\ntwo\n$ c\n"},
		{file: "d.md", line: 11, language: "go", text: "x\n```\n"},
		{file: "d.md", line: 16, language: "json", mark: "log", text: "{}\n"},
	}, got)
	assert.Equal(t, []command{{"a b", "one\ntwo\n"}, {"c", ""}}, got[0].commands())
}

func TestEveryExcerptStandsInItsFile(t *testing.T) {
	for _, b := range blocks(t, "excerpt") {
		source, err := os.ReadFile(filepath.Join(root, b.argument))
		if assert.NoError(t, err, b) {
			assert.True(t, standsIn(string(source), b.text), "%v: not in %s:\n%s", b, b.argument, b.text)
		}
	}
}

// standsIn also finds the text in the comments of a Go file.
func standsIn(source, text string) bool {
	return strings.Contains("\n"+source, "\n"+text) || strings.Contains("\n"+comment.ReplaceAllString(source, ""), "\n"+text)
}

var comment = regexp.MustCompile(`(?m)^//[ \t]?`)

func TestAnExcerptThatDiffersIsFound(t *testing.T) {
	source := "// Package p:\n//\n//\t{\n//\t  \"a\": 1\n//\t}\npackage p\n\nfunc f() {\n\tg()\n}\n"
	for text, want := range map[string]bool{
		"func f() {\n\tg()\n": true,
		"\tg()\n}\n":          true,
		"g()\n":               false,
		"func f() {\n\th()\n": false,
		"func f() {\n}\n":     false,
		"{\n  \"a\": 1\n}\n":  true,
		"{\n  \"a\": 2\n}\n":  false,
	} {
		assert.Equal(t, want, standsIn(source, text), text)
	}
}
