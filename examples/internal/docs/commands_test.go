//go:build !race

package docs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// scripts maps the names of command blocks to their checks.
var scripts = map[string]func(t *testing.T, b block){
	"tour":       checkTour,
	"valkey":     checkWalk,
	"tests":      checkTests,
	"serve":      func(t *testing.T, b block) { require.Len(t, b.commands(), 1) }, // started for the requests
	"requests":   func(*testing.T, block) {},                                      // TestRequestsAreAnsweredAsShown
	"copy":       checkCopy,
	"deployed":   checkDeployed,
	"zip":        checkMake,
	"aws":        checkAWS,
	"sam":        checkDeployment,
	"serverless": checkDeployment,
}

func TestEveryBlockOfCommandsIsChecked(t *testing.T) {
	for file, text := range documents(t) {
		for _, b := range parse(file, text) {
			if b.language != "console" {
				continue
			}
			check, ok := scripts[b.argument]
			if assert.True(t, ok && b.mark == "run", "%v: nothing says how it is checked", b) {
				assert.True(t, strings.HasPrefix(b.text, "$ "), "%v: it starts with a command", b)
				check(t, b)
			}
		}
	}
}

// checkTests checks that the packages of a test command exist. The tests run elsewhere.
func checkTests(t *testing.T, b block) {
	for _, c := range b.commands() {
		words := strings.Fields(c.text)
		require.Greater(t, len(words), 2, b)
		require.Equal(t, []string{"go", "test"}, words[:2], b)
		out, err := goCommand(t, append([]string{"list"}, words[2:]...)...).CombinedOutput()
		assert.NoError(t, err, "%v: %s", b, out)
	}
}

// copied is the directory beside this repository into which a document copies an example.
var copied = regexp.MustCompile(`\.\./\w+`)

// checkCopy runs the commands that copy an example into a module, elsewhere.
func checkCopy(t *testing.T, b block) {
	script := "set -eu\n"
	for _, c := range b.commands() {
		script += copied.ReplaceAllString(c.text, `"$$COPY"`) + "\n"
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=", "COPY="+filepath.Join(t.TempDir(), "copy"))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%v: %s", b, out)
}

// checkDeployed checks that the requested paths match routes.
func checkDeployed(t *testing.T, b block) {
	source, err := os.ReadFile(filepath.Join(root, "examples", "template.yaml"))
	require.NoError(t, err)
	var paths []string
	for _, m := range regexp.MustCompile(`Path: "?(/[^"\s,]+)`).FindAllStringSubmatch(string(source), -1) {
		paths = append(paths, "^"+regexp.MustCompile(`\\{\w+\\}`).ReplaceAllString(regexp.QuoteMeta(m[1]), "[^/]+")+"$")
	}
	require.Len(t, paths, 6)
	for _, c := range b.commands() {
		words := fields(c.text)
		path, ok := strings.CutPrefix(words[len(words)-1], "$URL")
		assert.True(t, ok && words[0] == "curl", "%v: %s", b, c.text)
		assert.True(t, slices.ContainsFunc(paths, func(p string) bool { return regexp.MustCompile(p).MatchString(path) }), "%v: %s", b, path)
	}
}

// checkMake checks that the targets of a make command exist.
func checkMake(t *testing.T, b block) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	for _, c := range b.commands() {
		target, ok := strings.CutPrefix(c.text, "make ")
		require.True(t, ok, b)
		assert.Regexp(t, `(?m)^`+regexp.QuoteMeta(target)+`:`, string(makefile), b)
	}
}

var tourLog bytes.Buffer // of the last tour

// checkTour compares the rows in a document with those of a tour, except for the times and the
// sources of the answers during the rotation.
func checkTour(t *testing.T, b block) {
	commands := b.commands()
	require.Len(t, commands, 1, b)
	rows, shown := columns(tour(t, commands[0].text)), columns(commands[0].output)
	require.Len(t, rows, len(shown), b)
	for i, row := range shown {
		if strings.HasPrefix(row[0], "token rotation") {
			row[3], rows[i][3] = "", ""
		}
		assert.Equal(t, row[:4], rows[i][:4], b)
	}
}

// checkWalk runs a tour whose rows are not shown.
func checkWalk(t *testing.T, b block) {
	for _, c := range b.commands() {
		out, err := program(t, c.text).CombinedOutput()
		require.NoError(t, err, "%v: %s", b, out)
	}
}

// tour runs a command "go run PACKAGE ARGUMENTS", records its log, and returns its output.
func tour(t *testing.T, text string) string {
	t.Helper()
	cmd := program(t, text, "-v")
	tourLog.Reset()
	cmd.Stderr = &tourLog
	out, err := cmd.Output()
	require.NoError(t, err, "%s", out)
	return string(out)
}

// program returns the process of a command "go run PACKAGE ARGUMENTS". It builds the program first,
// so that the test can signal the process.
func program(t *testing.T, text string, more ...string) *exec.Cmd {
	t.Helper()
	words := strings.Fields(text)
	require.GreaterOrEqual(t, len(words), 3, text)
	require.Equal(t, []string{"go", "run"}, words[:2], text)
	binary := filepath.Join(t.TempDir(), filepath.Base(words[2]))
	build := goCommand(t, "build", "-o", binary, words[2])
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return exec.CommandContext(t.Context(), binary, append(words[3:], more...)...)
}

// goCommand returns a go command in the root directory. It uses the workspace, even if this test
// runs without it.
func goCommand(t *testing.T, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOWORK=")
	return cmd
}

// columns splits the rows of the tour's table where its head begins a column.
func columns(table string) [][]string {
	head, _, _ := strings.Cut(table, "\n")
	starts := regexp.MustCompile(`\S+( \S+)*`).FindAllStringIndex(head, -1)
	var rows [][]string
	for line := range strings.Lines(table) {
		runes := []rune(strings.TrimSuffix(line, "\n"))
		var row []string
		for i, at := range starts {
			end := len(runes)
			if i+1 < len(starts) {
				end = min(end, starts[i+1][0])
			}
			row = append(row, strings.TrimSpace(string(runes[min(at[0], end):end])))
		}
		rows = append(rows, row)
	}
	return rows
}

// TestEveryLogLineIsLogged checks that the log of a tour contains the log lines in the documents.
func TestEveryLogLineIsLogged(t *testing.T) {
	var wanted []block
	for _, b := range blocks(t, "log") {
		for line := range strings.Lines(b.text) {
			wanted = append(wanted, block{file: b.file, line: b.line, text: line})
		}
	}
	require.NotEmpty(t, wanted)
	// On a machine that stalls, the cache may be late in a documented request. Another tour is run
	// then.
	for tours := 0; len(wanted) > 0 && tours < 4; tours++ {
		tour(t, "go run ./examples/local")
		var missing []block
		for _, b := range wanted {
			if !logged(t, tourLog.String(), b.text) {
				missing = append(missing, b)
			}
		}
		wanted = missing
	}
	for _, b := range wanted {
		t.Errorf("%v: no such line was logged: %s", b, b.text)
	}
}

// logged reports whether a line of the log has all members of this one. Durations need not agree.
func logged(t *testing.T, log, line string) bool {
	t.Helper()
	var want map[string]any
	require.NoError(t, json.Unmarshal([]byte(line), &want), line)
	for text := range strings.Lines(log) {
		var got map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &got), text)
		found := true
		for name, value := range want {
			other, ok := got[name]
			found = found && ok && (strings.HasSuffix(name, "Ms") || assert.ObjectsAreEqual(value, other))
		}
		if found {
			return true
		}
	}
	return false
}

func TestALogLineThatWasNotLoggedIsFound(t *testing.T) {
	const log = `{"message":"request","tookMs":1.5,"steps":["a"],"status":200}` + "\n"
	for line, want := range map[string]bool{
		`{"message":"request","status":200}`:             true,
		`{"message":"request","tookMs":7,"steps":["a"]}`: true,
		`{"message":"request","status":404}`:             false,
		`{"message":"request","steps":["b"]}`:            false,
		`{"message":"request","absentMs":7}`:             false,
	} {
		assert.Equal(t, want, logged(t, log, line), line)
	}
}

// TestRequestsAreAnsweredAsShown serves the functions on a free port instead of the documented one.
func TestRequestsAreAnsweredAsShown(t *testing.T) {
	for _, tool := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	const shownAddr = "127.0.0.1:8080"
	for _, serve := range blocks(t, "run") {
		if serve.argument != "serve" {
			continue
		}
		c := serve.commands()[0]
		cmd := program(t, c.text, "-addr", "127.0.0.1:0")
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		line := make([]byte, 256)
		n, err := stdout.Read(line)
		require.NoError(t, err)
		before, _, _ := strings.Cut(c.output, shownAddr)
		addr := strings.TrimSpace(strings.TrimPrefix(string(line[:n]), before))
		assert.Equal(t, c.output, strings.Replace(string(line[:n]), addr, shownAddr, 1), serve)
		for _, b := range blocks(t, "run") {
			if b.argument == "requests" && b.file == serve.file {
				b.text = strings.ReplaceAll(b.text, shownAddr, addr)
				runShell(t, b)
			}
		}
		require.NoError(t, cmd.Process.Signal(os.Interrupt))
		require.NoError(t, cmd.Wait())
	}
}

// runShell runs the commands one after the other in one shell, and compares what each prints with
// what the document shows.
func runShell(t *testing.T, b block) {
	t.Helper()
	commands := b.commands()
	text := "set -eu\n"
	for _, c := range commands {
		text += c.text + "\nprintf '\\036'\n" // which tells the outputs apart
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "sh", "-c", text).Output()
	require.NoError(t, err, "%v: %s", b, out)
	outputs := strings.Split(string(out), "\x1e")
	require.Len(t, outputs, len(commands)+1, b)
	for i, c := range commands {
		assert.Equal(t, c.output, outputs[i], "%v: %s", b, c.text)
	}
}
