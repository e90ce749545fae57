package guide_test

import (
	"encoding/json"
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

// block is a fenced block of the page.
type block struct {
	line     int    // of the fence
	language string // as the fence says
	mark     string // "excerpt", "run", "log"; "" where no comment precedes
	argument string // of the mark
	text     string
}

var mark = regexp.MustCompile(`^<!-- (excerpt|run|log)(?:: (.+))? -->$`)

// parse returns the blocks of a page.
func parse(page string) []block {
	var all []block
	var before string
	open := false
	for i, line := range strings.Split(page, "\n") {
		last := len(all) - 1
		language, fence := strings.CutPrefix(line, "```")
		switch {
		case open && fence:
			open = false
		case open:
			all[last].text += line + "\n"
		case fence:
			open = true
			b := block{line: i + 1, language: language}
			if m := mark.FindStringSubmatch(before); m != nil {
				b.mark, b.argument = m[1], m[2]
			}
			all = append(all, b)
		}
		before = line
	}
	return all
}

func readPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root, "docs", "guide.md"))
	require.NoError(t, err)
	return string(page)
}

// script returns the commands of the block that is to be run under that name.
func script(t *testing.T, name string) []command {
	t.Helper()
	var found []block
	for _, b := range parse(readPage(t)) {
		if b.mark == "run" && b.argument == name {
			found = append(found, b)
		}
	}
	require.Len(t, found, 1, "blocks to run under the name %q", name)
	return found[0].commands()
}

// command is a line after a prompt, and the lines that it prints.
type command struct{ text, output string }

func (c command) words() []string { return strings.Fields(c.text) }

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

// scripts are the names of the blocks to run, each with the test that does.
var scripts = map[string]string{
	"tour":             "TestPageFromTopToBottom",
	"token":            "TestPageFromTopToBottom",
	"older key":        "TestPageFromTopToBottom",
	"secret":           "TestPageFromTopToBottom",
	"serve":            "TestPageFromTopToBottom",
	"requests":         "TestPageFromTopToBottom",
	"deployed request": "TestPageFromTopToBottom",
	"rotate":           "TestPageFromTopToBottom",
	"delete secret":    "TestPageFromTopToBottom",
	"zip":              "TestZipsAreBuilt",
	"examples":         "TestExamplesRun",
	"sam":              "TestCommandsThatNeedAnAccountAgreeWithTheirFiles",
	"serverless":       "TestCommandsThatNeedAnAccountAgreeWithTheirFiles",
	"logs":             "TestCommandsThatNeedAnAccountAgreeWithTheirFiles",
	"remove":           "TestCommandsThatNeedAnAccountAgreeWithTheirFiles",
}

func TestEveryBlockIsOneThatIsChecked(t *testing.T) {
	for _, b := range parse(readPage(t)) {
		at := fmt.Sprintf("guide.md:%d", b.line)
		switch b.mark {
		case "excerpt":
			assert.Contains(t, []string{"golang", "yaml", "json"}, b.language, at)
		case "run":
			assert.Equal(t, "console", b.language, at)
			assert.Contains(t, scripts, b.argument, at)
			assert.True(t, strings.HasPrefix(b.text, "$ "), "%s: it starts with a command", at)
		case "log":
			assert.Equal(t, "json", b.language, at)
		default:
			assert.Equal(t, "go", b.language, "%s: nothing says what this block is", at)
		}
	}
	for name := range scripts {
		assert.NotEmpty(t, script(t, name))
	}
}

func TestEveryExcerptStandsInItsFile(t *testing.T) {
	for _, b := range parse(readPage(t)) {
		if b.mark != "excerpt" {
			continue
		}
		source, err := os.ReadFile(filepath.Join(root, b.argument))
		require.NoError(t, err)
		assert.True(t, standsIn(string(source), b), "guide.md:%d: not in %s:\n%s", b.line, b.argument, b.text)
		if b.language == "json" {
			assert.True(t, json.Valid([]byte(b.text)), "guide.md:%d: it is not JSON", b.line)
		}
	}
}

// standsIn also finds a block of another language in the comments of a Go file.
func standsIn(source string, b block) bool {
	if strings.HasPrefix(source, "//") && b.language != "golang" {
		source = comment.ReplaceAllString(source, "")
	}
	return strings.Contains("\n"+source, "\n"+b.text)
}

var comment = regexp.MustCompile(`(?m)^//[ \t]?`)

func TestAnExcerptThatDiffersIsFound(t *testing.T) {
	source := "// Package p:\n//\n//\t{\n//\t  \"a\": 1\n//\t}\npackage p\n\nfunc f() {\n\tg()\n}\n"
	for text, want := range map[string]bool{
		"func f() {\n\tg()\n": true,
		"\tg()\n":             true,
		"\tg()\n}\n":          true,
		"g()\n":               false,
		"func f() {\n\th()\n": false,
		"func f() {\n}\n":     false,
		"{\n  \"a\": 1\n}\n":  false,
	} {
		assert.Equal(t, want, standsIn(source, block{language: "golang", text: text}), text)
	}
	assert.True(t, standsIn(source, block{language: "json", text: "{\n  \"a\": 1\n}\n"}))
	assert.False(t, standsIn(source, block{language: "json", text: "{\n  \"a\": 2\n}\n"}))
}

func TestBlocksAndCommandsOfAPageAreFound(t *testing.T) {
	page := "# T\n<!-- run: x -->\n```console\n$ a b\none\ntwo\n$ c\n```\n\n```go\nx\n```\n<!-- log -->\n```json\n{}\n```\n"
	got := parse(page)
	assert.Equal(t, []block{
		{line: 3, language: "console", mark: "run", argument: "x", text: "$ a b\none\ntwo\n$ c\n"},
		{line: 10, language: "go", text: "x\n"},
		{line: 14, language: "json", mark: "log", text: "{}\n"},
	}, got)
	assert.Equal(t, []command{{"a b", "one\ntwo\n"}, {"c", ""}}, got[0].commands())
}
