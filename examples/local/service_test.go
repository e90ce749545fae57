package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/app"
	"github.com/warmclient/warmclient/examples/internal/emulator"
)

// service is the six functions with a separate stack. The functions have their clients in package
// variables, as on Lambda, so tests that use a service do not run in parallel.
type service struct {
	*emulator.Stack
	guide *guide
	log   *logBuffer
}

func startService(t *testing.T) *service {
	t.Helper()
	stack, err := emulator.Start(emulator.Options{})
	require.NoError(t, err)
	environ, logger := os.Environ(), slog.Default()
	require.NoError(t, setEnvironment(stack))
	s := &service{Stack: stack, guide: &guide{front: newFront(), stack: stack, cache: momentoOf(stack)}, log: &logBuffer{}}
	t.Setenv("AWS_LAMBDA_LOG_LEVEL", "DEBUG")
	slog.SetDefault(app.NewLogger(s.log))
	resetClients()
	t.Cleanup(func() {
		resetClients()
		slog.SetDefault(logger)
		require.NoError(t, stack.Close())
		os.Clearenv()
		for _, entry := range environ {
			name, value, _ := strings.Cut(entry, "=")
			require.NoError(t, os.Setenv(name, value))
		}
	})
	return s
}

// resetClients resets the clients, as a new process does.
func resetClients() {
	app.Accounts.Reset()
	app.Momento.Reset()
	app.Valkey.Reset()
	app.SecretsManager.Reset()
	app.DynamoDB.Reset()
	app.AWS.Reset()
}

func (s *service) send(t *testing.T, a ask) answer {
	t.Helper()
	got, err := s.guide.send(t.Context(), a)
	require.NoError(t, err)
	return got
}

// must sends a request that prepares a test.
func (s *service) must(t *testing.T, a ask) {
	t.Helper()
	got := s.send(t, a)
	require.Equal(t, http.StatusOK, got.status, got.body)
}

func (s *service) createUsers(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		s.must(t, post("/users", "", fmt.Sprintf(`{"username":%q,"firstName":"First","lastName":"Last"}`, name)))
	}
}

// eventually repeats the request until the answer comes from the given source.
func (s *service) eventually(t *testing.T, a ask, from string) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		got := s.send(t, a)
		require.Equal(t, http.StatusOK, got.status, got.body)
		if got.from == from {
			return
		}
		require.True(t, time.Now().Before(end), "still answered from %s", got.from)
	}
}

func (s *service) secretReads() int { return s.SecretsManager.Requests("GetSecretValue") }

// warm waits until the cache answers.
func (s *service) warm(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
	defer cancel()
	require.NoError(t, app.Warm(ctx))
}

// logBuffer collects log lines.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// lines returns the lines with that message.
func (b *logBuffer) lines(t *testing.T, message string) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for text := range strings.Lines(b.String()) {
		var line map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &line), text)
		if line["message"] == message {
			lines = append(lines, line)
		}
	}
	return lines
}
