package e2e_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// line is a line of a function's log.
type line struct {
	Message   string
	Level     string
	RequestID string
	Route     string
	Cold      bool
	Status    int
	Duration  float64 `json:"durationMs"`
	Client    string  // of an event of a client
	Event     string
	Error     string
}

// lines returns the lines with that message so far. All lines must be JSON.
func (f *function) lines(t testing.TB, message string) []line {
	t.Helper()
	var found []line
	for text := range strings.Lines(f.Log()) {
		if !strings.HasSuffix(text, "\n") {
			break // the line is incomplete
		}
		var l line
		require.NoError(t, json.Unmarshal([]byte(text), &l), "%s: %s", f.name, text)
		if l.Message == message {
			found = append(found, l)
		}
	}
	return found
}

// count returns the number of events of a client.
func (f *function) count(t testing.TB, client, event string) int {
	t.Helper()
	n := 0
	for _, l := range f.lines(t, "client") {
		if l.Client == client && l.Event == event {
			n++
		}
	}
	return n
}

// searchLog fails the test if the log contains a secret.
func (s *services) searchLog(t testing.TB, log string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range s.secrets {
		assert.NotContains(t, log, secret, "a secret in the log")
	}
	assert.NotContains(t, log, "DATA RACE")
}
