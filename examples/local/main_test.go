package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/internal/emulator"
	"github.com/warmclient/warmclient/secrets/secretstest"
)

func TestTourGoesAsItShould(t *testing.T) {
	s := startService(t)
	var out bytes.Buffer
	require.NoError(t, tour(t.Context(), s.Stack, s.guide.cache, &out))
	for _, step := range []string{
		"cold request", "warm request", "cache hit", "not found", "duplicate", "forbidden", "cache outage", "token rotation",
	} {
		assert.Contains(t, out.String(), "\n"+step+" ")
	}
	for _, source := range []string{fromTable, fromMiss, fromHit, fromNegative, fromFailed, fromSkipped, fromFunction} {
		assert.Contains(t, out.String(), " "+source+" ")
	}
}

func TestInterruptedTourStopsAndSaysSo(t *testing.T) {
	s := startService(t)
	ctx, interrupt := context.WithCancelCause(t.Context())
	var out rows
	out.seen = func(n int) {
		if n == 3 { // the header and two steps
			interrupt(errors.New("interrupted by the test"))
		}
	}
	err := tour(ctx, s.Stack, s.guide.cache, &out)
	require.ErrorContains(t, err, "interrupted: interrupted by the test")
	assert.Equal(t, 3, out.n)
}

// rows counts what is written.
type rows struct {
	n    int
	seen func(n int)
}

func (r *rows) Write(p []byte) (int, error) {
	r.n++
	r.seen(r.n)
	return len(p), nil
}

func TestTourTellsWhatWasExpectedAndWhatCame(t *testing.T) {
	s := startService(t)
	s.createUsers(t, "ada") // the tour wants to do that itself
	s.DynamoDB.Inject(emulator.Fault{Op: "TransactWriteItems", Action: emulator.Fail, Status: 400, Code: "AccessDeniedException"})
	var out bytes.Buffer
	err := tour(t.Context(), s.Stack, s.guide.cache, &out)
	require.ErrorContains(t, err, "cold request: POST /users: expected 200 from DynamoDB, got 409 from DynamoDB")
	require.ErrorContains(t, err, "organization: POST /organizations: expected 200 from DynamoDB, got 500")
	assert.Contains(t, out.String(), "token rotation", "it goes on to the end")
}

// program builds the command once for all tests.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "local")
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "local")
	out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", name, ".").CombinedOutput()
	if err != nil {
		return "", &exec.Error{Name: string(out), Err: err}
	}
	return name, nil
})

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the tests that read the log set their own
	go func() { _, _ = program() }()               // while the tests that need no process wait for timers
	code := m.Run()
	if name, err := program(); err == nil {
		_ = os.RemoveAll(filepath.Dir(name))
	}
	os.Exit(code)
}

// command runs the program in an environment that would lead it astray.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	name, err := program()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "AWS_PROFILE=nobody", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true", "AWS_USE_FIPS_ENDPOINT=true",
		"AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_LAMBDA_RUNTIME_API=127.0.0.1:1", "MOMENTO_ENDPOINT=127.0.0.1:1")
	return cmd
}

func TestProgramWalksTheTourAndExitsWithZero(t *testing.T) {
	t.Parallel()
	cmd := command(t)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s%s", out, &stderr)
	assert.Empty(t, stderr.String())
	assert.Equal(t, len(healthySteps)+7, bytes.Count(out, []byte("\n")), "a header and a row for each step: %s", out)
}

func TestProgramServesTheSixRoutesUntilItIsToldToStop(t *testing.T) {
	t.Parallel()
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		cmd := command(t, "-serve", "-addr", "127.0.0.1:0")
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		require.NoError(t, cmd.Start())
		line, err := bufio.NewReader(stdout).ReadString('\n')
		require.NoError(t, err)
		url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
		require.True(t, ok, line)
		require.Regexp(t, `^http://127\.0\.0\.1:\d+$`, url)

		for _, c := range []struct {
			ask    ask
			status int
			body   string
		}{
			{post("/users", "", `{"username":"ada","firstName":"Ada","lastName":"Lovelace"}`), 200,
				`{"user":{"username":"ada","firstName":"Ada","lastName":"Lovelace"}}`},
			{post("/users", "", `{"username":"grace","firstName":"Grace","lastName":"Hopper"}`), 200,
				`{"user":{"username":"grace","firstName":"Grace","lastName":"Hopper"}}`},
			{get("/users/ada"), 200, `{"user":{"username":"ada","firstName":"Ada","lastName":"Lovelace"}}`},
			{post("/organizations", "ada", `{"organizationName":"Tech Corp"}`), 200,
				`{"organization":{"organizationName":"tech-corp","foundingUser":"ada"}}`},
			{get("/organizations/tech-corp"), 200, `{"organization":{"organizationName":"tech-corp","foundingUser":"ada"}}`},
			{post("/organizations/tech-corp/members", "ada", `{"memberUsername":"grace","role":"Admin"}`), 200,
				`{"membership":{"organizationName":"tech-corp","memberUsername":"grace","role":"Admin"}}`},
			{get("/organizations/tech-corp/members/grace"), 200,
				`{"membership":{"organizationName":"tech-corp","memberUsername":"grace","role":"Admin"}}`},
			{post("/organizations", "", `{"organizationName":"Acme"}`), 401, `{"error":"the request has no authenticated caller"}`},
		} {
			status, body := overHTTP(t, url, c.ask)
			assert.Equal(t, c.status, status)
			assert.JSONEq(t, c.body, body)
		}

		require.NoError(t, cmd.Process.Signal(sig))
		require.NoError(t, cmd.Wait(), "it exits with 0: %s", &stderr)
		assert.Contains(t, stderr.String(), `"message":"request"`)
	}
}

func overHTTP(t *testing.T, url string, a ask) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), a.method, url+a.path, strings.NewReader(a.body))
	require.NoError(t, err)
	r.Header.Set("Authorization", a.caller)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, "application/json", resp.Header.Get("Content-Type"))
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(text)
}

func TestBadCommandLineIsOneClearLineAndExitCodeTwo(t *testing.T) {
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"-bogus"}, "flag provided but not defined: -bogus"},
		{[]string{"tour"}, `unexpected argument "tour"`},
		{[]string{"-serve", "now"}, `unexpected argument "now"`},
		{[]string{"-serve", "-addr"}, "flag needs an argument: -addr"},
		{[]string{"-serve", "-addr", ""}, "missing port in address"}, // not all interfaces
		{[]string{"-serve", "-addr", "8080"}, "missing port in address"},
		{[]string{"-serve", "-addr", "127.0.0.1:99999"}, "invalid port"},
		{[]string{"-addr", "127.0.0.1:0"}, "-addr is for -serve only"},
		{[]string{"-serve=perhaps"}, "invalid boolean value"},
		{[]string{"-cache", "redis"}, `-cache "redis": want momento, valkey or host:port`},
	} {
		var stdout, stderr strings.Builder
		assert.Equal(t, exitUsage, run(t.Context(), c.args, &stdout, &stderr), c.args)
		assert.Empty(t, stdout.String())
		assert.Contains(t, stderr.String(), c.says)
		assert.Equal(t, 1, strings.Count(stderr.String(), "\n"), stderr.String())
	}
	err := command(t, "-bogus").Run()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, exitUsage, exit.ExitCode())
}

func TestHelpIsPrintedToStdout(t *testing.T) {
	var stdout, stderr strings.Builder
	assert.Equal(t, exitOK, run(t.Context(), []string{"-help"}, &stdout, &stderr))
	assert.Equal(t, usage, stdout.String())
	assert.Empty(t, stderr.String())
}

func TestPortInUseIsAFailure(t *testing.T) {
	t.Parallel()
	first := startedServer(t)
	var stderr strings.Builder
	cmd := command(t, "-serve", "-addr", first)
	cmd.Stderr = &stderr
	var exit *exec.ExitError
	require.ErrorAs(t, cmd.Run(), &exit)
	assert.Equal(t, exitFailed, exit.ExitCode())
	assert.Contains(t, stderr.String(), "address already in use")
}

func startedServer(t *testing.T) (addr string) {
	t.Helper()
	server := secretstest.NewServer()
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}
