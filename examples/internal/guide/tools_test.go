package guide_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain is also the stand-ins for the tools of the page: this program under their names.
func TestMain(m *testing.M) {
	switch name := filepath.Base(os.Args[0]); name {
	case "aws":
		exit(standInAWS(append([]string{name}, os.Args[1:]...), os.Stdout))
	case "curl":
		exit(standInCurl(os.Args[1:], os.Stdout))
	}
	code := m.Run()
	if binaries != "" {
		_ = os.RemoveAll(binaries)
	}
	os.Exit(code)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// The two ways to run the page's commands.
const (
	installed = "installed tools"
	standIns  = "stand-ins"
)

// toolset is a directory for PATH, "" for the tools that are installed.
func toolset(t *testing.T, tools string) string {
	t.Helper()
	if tools == installed {
		for _, version := range [][]string{{"sh", "-c", "exit"}, {"aws", "--version"}, {"curl", "--version"}} {
			if err := exec.Command(version[0], version[1:]...).Run(); err != nil {
				t.Skipf("%s: %v", version[0], err)
			}
		}
		return ""
	}
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no shell")
	}
	self, err := os.Executable()
	require.NoError(t, err)
	dir := t.TempDir()
	for _, name := range []string{"aws", "curl"} {
		require.NoError(t, os.Symlink(self, filepath.Join(dir, name)))
	}
	return dir
}

// standInCurl knows the flags that the page uses.
func standInCurl(args []string, stdout io.Writer) error {
	method, url, body, after := http.MethodGet, "", "", ""
	header := http.Header{}
	for len(args) > 0 {
		value := ""
		if len(args) > 1 {
			value = args[1]
		}
		switch args[0] {
		case "-sw":
			after = strings.ReplaceAll(value, `\n`, "\n")
		case "-d":
			method, body = http.MethodPost, value
		case "-H":
			name, text, _ := strings.Cut(value, ": ")
			header.Set(name, text)
		default:
			if strings.HasPrefix(args[0], "-") || url != "" {
				return fmt.Errorf("curl: %q is not known here", args[0])
			}
			url, args = args[0], args[1:]
			continue
		}
		args = args[2:]
	}
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header = header
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(stdout, response.Body); err != nil {
		return err
	}
	_, err = io.WriteString(stdout, after)
	return err
}

// shell runs the commands of a script one after the other in one shell.
type shell struct {
	dir     string
	environ []string
}

// separator is printed after each command, to tell their outputs apart.
const separator = "\x1e"

// run compares what each command prints with what the page shows, where it shows anything.
func (s *shell) run(t *testing.T, commands []command) {
	t.Helper()
	text := "set -eu\n"
	for _, c := range commands {
		text += c.text + "\nprintf '\\036'\n"
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", text)
	cmd.Dir, cmd.Env = s.dir, s.environ
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s\n%s", text, &stderr)
	outputs := strings.Split(string(out), separator)
	require.Len(t, outputs, len(commands)+1)
	for i, c := range commands {
		if c.output != "" {
			assert.Equal(t, c.output, outputs[i], c.text)
		}
	}
}

func (s *shell) write(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600))
}

func (s *shell) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	require.NoError(t, err)
	return string(text)
}

// goEnviron is the environment for the go command in the root: its workspace is the one there.
func goEnviron() []string { return append(os.Environ(), "GOWORK=") }

var (
	binaries string // where they are
	builds   sync.Mutex
)

// built returns the program of a command "go run PACKAGE ARGUMENTS" and its arguments. The program is
// built as go run does, but is then a process of ours, which can be told to stop.
func built(t *testing.T, c command) (program string, args []string) {
	t.Helper()
	words := c.words()
	require.GreaterOrEqual(t, len(words), 3, c.text)
	require.Equal(t, []string{"go", "run"}, words[:2])
	builds.Lock()
	defer builds.Unlock()
	if binaries == "" {
		var err error
		binaries, err = os.MkdirTemp("", "guide")
		require.NoError(t, err)
	}
	program = filepath.Join(binaries, filepath.Base(words[2]))
	if _, err := os.Stat(program); err != nil {
		build := exec.Command("go", "build", "-o", program, words[2])
		build.Dir, build.Env = root, goEnviron()
		out, err := build.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	return program, words[3:]
}

// skipUnderRace spares the builds that are the same with the race detector and without.
func skipUnderRace(t *testing.T) {
	t.Helper()
	if race {
		t.Skip("what it builds and runs has no race detector in it")
	}
}

func TestZipsAreBuilt(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles for another architecture, which takes a minute the first time")
	}
	skipUnderRace(t)
	t.Parallel()
	commands := script(t, "zip")
	require.Len(t, commands, 1)
	program, args := built(t, commands[0])
	out := t.TempDir()
	cmd := exec.CommandContext(t.Context(), program, append(args, "-o", out)...)
	cmd.Dir, cmd.Env = root, goEnviron()
	printed, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", printed)
	zips, err := filepath.Glob(filepath.Join(out, "*.zip"))
	require.NoError(t, err)
	assert.Len(t, zips, 6)
}

func TestExamplesRun(t *testing.T) {
	skipUnderRace(t)
	t.Parallel()
	commands := script(t, "examples")
	require.Len(t, commands, 1)
	words := commands[0].words()
	require.Equal(t, "go", words[0])
	cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
	cmd.Dir, cmd.Env = root, goEnviron()
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.NotContains(t, string(out), "no tests to run")
	assert.GreaterOrEqual(t, bytes.Count(out, []byte("ok  \t")), 5, "%s", out)
}
