package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/internal/emulator"
	"github.com/warmclient/warmclient/examples/internal/runtimeapi"
)

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// startFunction starts this test binary as a function: see TestMain.
func startFunction(t *testing.T, stack *emulator.Stack, concurrency int, env ...string) *runtimeapi.Process {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	p, err := runtimeapi.Start(runtimeapi.Options{
		Path:        self,
		Env:         append(append(stack.Environ(), asFunction+"=1"), env...),
		Concurrency: concurrency,
		Timeout:     20 * time.Second,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	require.NoError(t, p.Ready(within(t, 20*time.Second)))
	return p
}

func invokeProcess(t *testing.T, p *runtimeapi.Process, event any) (r response) {
	t.Helper()
	payload, err := json.Marshal(event)
	require.NoError(t, err)
	out, err := p.Invoke(t.Context(), runtimeapi.Invocation{Payload: payload})
	if assert.NoError(t, err) {
		assert.NoError(t, json.Unmarshal(out, &r))
	}
	return r
}

func TestAFunctionServesConcurrentInvocationsAndClosesClientsOnSIGTERM(t *testing.T) {
	t.Parallel()
	stack, err := emulator.Start(emulator.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stack.Close()) })
	p := startFunction(t, stack, 16)
	require.Equal(t, 1, stack.SecretsManager.Requests("GetSecretValue"), "the clients are warm")

	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			got := invokeProcess(t, p, functionURL("GET", fmt.Sprintf("/users/u%d", i)))
			assert.Equal(t, 404, got.StatusCode)
			assert.Equal(t, fmt.Sprintf(`{"error":"user \"u%d\": not found"}`, i), got.Body)
		})
	}
	wg.Wait()
	require.NoError(t, p.Shutdown(within(t, 5*time.Second)))

	cold, requests, alive := 0, 0, 0
	for text := range strings.Lines(p.Log()) {
		var line map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &line), "every line is JSON: %s", text)
		if line["message"] == "request" {
			requests++
			assert.Regexp(t, `^[0-9a-f-]{36}$`, line["requestId"], "Lambda's, not the gateway's")
			if line["cold"] == true {
				cold++
			}
		}
		if line["client"] == "momento" {
			switch line["event"] {
			case "Opened":
				alive++
			case "Released", "ReleaseFailed":
				alive--
			}
		}
	}
	assert.Equal(t, 200, requests)
	assert.Equal(t, 1, cold)
	// On a busy machine the 250ms may not suffice. The log then says so.
	assert.True(t, alive == 0 || strings.Contains(p.Log(), `"message":"close"`), "Momento's client is closed")
}

func TestFunctionStartsWhateverIsDown(t *testing.T) {
	t.Parallel()
	stack, err := emulator.Start(emulator.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stack.Close()) })
	stack.Momento.Inject(emulator.Fault{Action: emulator.Refuse})
	stack.SecretsManager.Inject(emulator.Fault{Action: emulator.Fail, Status: 400, Code: "AccessDeniedException"})
	stack.DynamoDB.Inject(emulator.Fault{Action: emulator.Refuse})
	p := startFunction(t, stack, 0)

	// On a busy machine the load may be abandoned before it reports the failed connection.
	assert.Contains(t, []int{503, 504}, invokeProcess(t, p, functionURL("GET", "/users/ada")).StatusCode)
	stack.DynamoDB.Heal()
	assert.Equal(t, 404, invokeProcess(t, p, functionURL("GET", "/users/ada")).StatusCode)
	require.NoError(t, p.Shutdown(within(t, 5*time.Second)))
	for _, part := range []string{`"message":"warm-up"`, "AccessDeniedException", "ping table"} {
		assert.Contains(t, p.Log(), part)
	}
}

func TestReadsOfTheCacheAreConsistent(t *testing.T) {
	t.Parallel()
	stack, err := emulator.Start(emulator.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stack.Close()) })
	stack.Momento.SetLag(time.Hour) // of replicas
	readUntilHit(t, startFunction(t, stack, 0), "/users/ada")
}

// readUntilHit reads a user who does not exist until the cache answers.
func readUntilHit(t *testing.T, p *runtimeapi.Process, path string) {
	t.Helper()
	hits := strings.Count(p.Log(), "get user: negative hit")
	for start := time.Now(); strings.Count(p.Log(), "get user: negative hit") == hits; time.Sleep(20 * time.Millisecond) {
		require.Less(t, time.Since(start), 20*time.Second, p.Log())
		require.Equal(t, 404, invokeProcess(t, p, functionURL("GET", path)).StatusCode)
	}
}
