package guide_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/app"
	"github.com/warmclient/warmclient/examples/internal/emulator"
	"github.com/warmclient/warmclient/readaside/momentocache"
	"github.com/warmclient/warmclient/secrets"
)

// secretID is the secret of the page.
const secretID = "accounts/MomentoAuthToken"

// walk is somebody who follows the page: a shell, an account in a cloud on loopback, and a function
// that runs there.
type walk struct {
	shell
	stack *emulator.Stack
	log   logBuffer // of all that runs
	cache *momentocache.Cache
}

func TestPageFromTopToBottom(t *testing.T) {
	for _, tools := range []string{installed, standIns} {
		t.Run(tools, func(t *testing.T) {
			w := startWalk(t, toolset(t, tools))
			w.takeTheTour(t)
			w.makeTheSecret(t)
			w.sendRequests(t)
			w.rotate(t)
			w.putBadToken(t)
			w.deleteTheSecret(t)
			w.compareTheLog(t)
		})
	}
}

// startWalk starts the cloud. The page's secret is not in it yet.
func startWalk(t *testing.T, tools string) *walk {
	t.Helper()
	stack, err := emulator.Start(emulator.Options{SecretID: "another"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stack.Close()) })
	w := &walk{stack: stack}

	environ := append(stack.Environ(),
		"AWS_ENDPOINT_URL_SECRETS_MANAGER="+serveSecretsManager(t, stack.SecretsManager),
		"AWS_DEFAULT_REGION="+emulator.Region, // what version 1 of the CLI reads
		"AWS_CONFIG_FILE="+os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
		"AWS_PAGER=",
		"MOMENTO_SECRET_ID=", // the functions' default is the page's
		"MOMENTO_SECRET_KEY=",
	)
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "") // an account of whoever runs this
			require.NoError(t, os.Unsetenv(name))
		}
	}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		t.Setenv(name, value)
	}
	if tools != "" {
		t.Setenv("PATH", tools+string(os.PathListSeparator)+os.Getenv("PATH"))
	}
	w.shell = shell{dir: t.TempDir(), environ: os.Environ()}

	logger := slog.Default()
	slog.SetDefault(app.NewLogger(&w.log))
	t.Cleanup(func() {
		app.Accounts.Reset()
		app.Momento.Reset()
		app.SecretsManager.Reset()
		app.DynamoDB.Reset()
		app.AWS.Reset()
		slog.SetDefault(logger)
	})
	w.cache = &momentocache.Cache{Client: &app.Momento, Name: os.Getenv("CACHE_NAME")}
	return w
}

// takeTheTour compares the rows that the page shows with the real ones. The times and the row of the
// rotation, where it is chance who waits, are different each time.
func (w *walk) takeTheTour(t *testing.T) {
	commands := script(t, "tour")
	require.Len(t, commands, 1)
	rows := columns(w.tour(t))
	shown := columns(commands[0].output)
	require.Len(t, rows, len(shown))
	for i, row := range shown {
		if row[0] == "token rotation" {
			row[3], rows[i][3] = "", ""
		}
		assert.Equal(t, row[:4], rows[i][:4])
	}
}

// tour runs the tour and returns what it prints. Its log is kept.
func (w *walk) tour(t *testing.T) string {
	program, args := built(t, script(t, "tour")[0])
	cmd := exec.CommandContext(t.Context(), program, append(args, "-v")...)
	cmd.Stderr = &w.log
	out, err := cmd.Output()
	require.NoError(t, err, "%s", out)
	return string(out)
}

// columns splits the rows of the tour's table: step, request, status, source and time.
func columns(table string) [][]string {
	var rows [][]string
	for line := range strings.Lines(table) {
		padded := line + strings.Repeat(" ", 120)
		var row []string
		for _, c := range [][2]int{{0, 17}, {17, 64}, {64, 72}, {72, 105}, {105, 120}} {
			row = append(row, strings.TrimSpace(padded[c[0]:c[1]]))
		}
		rows = append(rows, row)
	}
	return rows
}

// makeTheSecret turns a key of Momento's into the token and the secret, from which a function then
// opens its client.
func (w *walk) makeTheSecret(t *testing.T) {
	key := keyOf(t, w.stack.Momento.Token())
	w.write(t, "api-key", key+"\n")
	w.run(t, script(t, "token"))
	decoded, err := base64.StdEncoding.DecodeString(w.read(t, "token"))
	require.NoError(t, err)
	assert.JSONEq(t, `{"endpoint":"cell-us-east-1-1.prod.a.momentohq.com","api_key":"`+key+`"}`, string(decoded))
	token := w.read(t, "token")

	w.run(t, script(t, "secret"))
	assert.NoFileExists(t, filepath.Join(w.dir, "token.json"))
	assert.Equal(t, token, w.currentToken(t))
	require.NoError(t, app.Warm(t.Context()))
	w.useCache(t)
}

// keyOf returns the key in a token: what Momento gives out today.
func keyOf(t *testing.T, token string) string {
	t.Helper()
	decoded, err := base64.StdEncoding.DecodeString(token)
	require.NoError(t, err)
	var v1 struct {
		Key string `json:"api_key"`
	}
	require.NoError(t, json.Unmarshal(decoded, &v1))
	return v1.Key
}

func (w *walk) currentToken(t *testing.T) string {
	t.Helper()
	api, err := app.SecretsManager.Get(t.Context())
	require.NoError(t, err)
	token, err := secrets.Load(t.Context(), secrets.SecretsManager{API: api, ID: secretID}, "MOMENTO_AUTH_TOKEN")
	require.NoError(t, err)
	return token.Reveal()
}

func (w *walk) useCache(t *testing.T) {
	t.Helper()
	require.NoError(t, w.cache.Set(t.Context(), "key", []byte("value"), time.Minute))
	value, err := w.cache.Get(t.Context(), "key")
	require.NoError(t, err)
	assert.Equal(t, "value", string(value))
}

// sendRequests serves the functions on a free port in place of the page's.
func (w *walk) sendRequests(t *testing.T) {
	const shownAddr = "127.0.0.1:8080"
	serve := script(t, "serve")
	require.Len(t, serve, 1)
	program, args := built(t, serve[0])
	cmd := exec.CommandContext(t.Context(), program, append(args, "-addr", "127.0.0.1:0")...)
	cmd.Stderr = &w.log
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	before, _, _ := strings.Cut(serve[0].output, shownAddr)
	addr := strings.TrimSpace(strings.TrimPrefix(line, before))
	assert.Equal(t, serve[0].output, strings.Replace(line, addr, shownAddr, 1))

	requests := script(t, "requests")
	for i, c := range requests {
		requests[i].text = strings.ReplaceAll(c.text, shownAddr, addr)
	}
	w.run(t, requests)
	deployed := w.shell
	deployed.environ = append(slices.Clip(deployed.environ), "URL=http://"+addr, "TOKEN=any")
	deployed.run(t, script(t, "deployed request"))

	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	require.NoError(t, cmd.Wait())
}

// rotate does what the page says, and then revokes the old key.
func (w *walk) rotate(t *testing.T) {
	next := emulator.NewToken(time.Time{})
	w.write(t, "api-key", next)
	w.run(t, script(t, "older key"))
	w.run(t, script(t, "rotate"))
	assert.NoFileExists(t, filepath.Join(w.dir, "token.json"))
	assert.Equal(t, next, w.currentToken(t))

	w.useCache(t)
	before := w.stack.SecretsManager.Requests("GetSecretValue")
	w.stack.Momento.SetToken(next)
	value, err := w.cache.Get(t.Context(), "key")
	require.NoError(t, err, "the refused call is repeated")
	assert.Equal(t, "value", string(value))
	assert.Equal(t, before+1, w.stack.SecretsManager.Requests("GetSecretValue"))
}

func (w *walk) putBadToken(t *testing.T) {
	expired := emulator.NewToken(time.Unix(1234567890, 0))
	w.stack.SecretsManager.Put(secretID, `{"MOMENTO_AUTH_TOKEN":"`+expired+`"}`)
	app.Momento.Reset()
	_, err := w.cache.Get(t.Context(), "key")
	assert.ErrorContains(t, err, secretID)
}

func (w *walk) deleteTheSecret(t *testing.T) {
	w.run(t, script(t, "delete secret"))
	api, err := app.SecretsManager.Get(t.Context())
	require.NoError(t, err)
	_, err = secrets.SecretsManager{API: api, ID: secretID}.Fetch(t.Context())
	assert.ErrorIs(t, err, secrets.ErrInvalidState)
}
