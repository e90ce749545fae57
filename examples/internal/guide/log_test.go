package guide_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// compareTheLog looks for each line that the page shows among those that were logged. On a machine
// that stalls, the cache may have been late in a request whose line is wanted: another tour has it again.
func (w *walk) compareTheLog(t *testing.T) {
	wanted := map[string]int{}
	for _, b := range parse(readPage(t)) {
		if b.mark == "log" {
			for line := range strings.Lines(b.text) {
				wanted[line] = b.line
			}
		}
	}
	require.NotEmpty(t, wanted)
	for tours := 0; ; tours++ {
		for line := range wanted {
			if w.log.has(t, line) {
				delete(wanted, line)
			}
		}
		if len(wanted) == 0 || tours == 3 {
			break
		}
		w.tour(t)
	}
	for line, at := range wanted {
		assert.Fail(t, "no such line was logged", "guide.md:%d: %s", at, line)
	}
}

// logBuffer collects lines of JSON.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// has reports whether a line was logged that has all members of this one. Durations need not agree.
func (b *logBuffer) has(t *testing.T, line string) bool {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	var want map[string]any
	require.NoError(t, json.Unmarshal([]byte(line), &want), line)
	for text := range strings.Lines(b.buf.String()) {
		var got map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &got), text)
		if contains(got, want) {
			return true
		}
	}
	return false
}

func contains(got, want map[string]any) bool {
	for name, value := range want {
		other, ok := got[name]
		if !ok || !strings.HasSuffix(name, "Ms") && !assert.ObjectsAreEqual(value, other) {
			return false
		}
	}
	return true
}

func TestALogLineThatWasNotLoggedIsFound(t *testing.T) {
	var b logBuffer
	_, _ = b.Write([]byte(`{"message":"request","tookMs":1.5,"steps":["a"],"status":200}` + "\n"))
	for line, want := range map[string]bool{
		`{"message":"request","status":200}`:                true,
		`{"message":"request","tookMs":7,"steps":["a"]}`:    true,
		`{"message":"request","status":404}`:                false,
		`{"message":"request","steps":["b"]}`:               false,
		`{"message":"request","status":200,"absent":false}`: false,
		`{"message":"request","absentMs":7}`:                false,
	} {
		assert.Equal(t, want, b.has(t, line), line)
	}
}
