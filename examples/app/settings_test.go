package app_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/internal/emulator"
	"github.com/warmclient/warmclient/examples/internal/runtimeapi"
)

func TestInvalidSettingIsOneErrorLineThatNamesIt(t *testing.T) {
	for _, c := range []struct {
		name     string
		variable string
		secret   string // in place of the stack's; "": the stack's
		env      []string
	}{
		{"no table", "TABLE_NAME", "", []string{"TABLE_NAME="}},
		{"table that does not exist", "TABLE_NAME", "", []string{"TABLE_NAME=other"}},
		{"cache that does not exist", "CACHE_NAME", "", []string{"CACHE_NAME=other"}},
		{"cache whose name is blank", "CACHE_NAME", "", []string{"CACHE_NAME= "}},
		{"endpoint that is a URL", "MOMENTO_ENDPOINT", "", []string{"MOMENTO_ENDPOINT=https://example.com"}},
		{"endpoint that looks like another setting", "MOMENTO_ENDPOINT", "", []string{"MOMENTO_ENDPOINT=https://Opener.Cache/set Opener.Key to the member that holds the key"}},
		// The resolver does not look names in .onion up: there is no such host.
		{"endpoint that does not exist", "MOMENTO_ENDPOINT", "", []string{"MOMENTO_ENDPOINT=cell.onion"}},
		{"host of a v1 key that does not exist", "MOMENTO_SECRET_ID", base64.StdEncoding.EncodeToString([]byte(`{"endpoint":"cell.onion","api_key":"s3cret"}`)), []string{"MOMENTO_ENDPOINT="}},
		{"no endpoint for a v2 key", "MOMENTO_ENDPOINT", "", []string{"MOMENTO_ENDPOINT="}},
		{"no such secret", "MOMENTO_SECRET_ID", "", []string{"MOMENTO_SECRET_ID=other"}},
		{"secret that is no key", "MOMENTO_SECRET_ID", "s3cret-password", nil},
		{"secret with a newline at its end", "MOMENTO_SECRET_ID", "s3cret-password\n", nil},
		{"secret that is broken JSON", "MOMENTO_SECRET_ID", `{"MOMENTO_AUTH_TOKEN": "s3cret"`, nil},
		{"member that is empty", "MOMENTO_SECRET_ID", `{"MOMENTO_AUTH_TOKEN": ""}`, nil},
		{"member that the secret lacks", "MOMENTO_SECRET_KEY", "", []string{"MOMENTO_SECRET_KEY=OTHER"}},
		{"no member for a JSON object", "MOMENTO_SECRET_KEY", "", []string{"MOMENTO_SECRET_KEY="}},
		{"member that is no string", "MOMENTO_SECRET_KEY", `{"MOMENTO_AUTH_TOKEN": ["s3cret"]}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			stack, err := emulator.Start(emulator.Options{})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, stack.Close()) })
			if c.secret != "" {
				stack.SecretsManager.Put("accounts/MomentoAuthToken", c.secret)
			}
			// With provisioned concurrency the start waits for the cache, so that the start logs
			// the line.
			p := startFunction(t, stack, 0, append(c.env, "AWS_LAMBDA_INITIALIZATION_TYPE=provisioned-concurrency")...)
			assertOneError(t, p, c.variable)
			// Each request may open the clients again, but must not log another ERROR.
			for range 3 {
				time.Sleep(60 * time.Millisecond) // the holder's first backoff
				invokeProcess(t, p, functionURL("GET", "/users/ada"))
			}
			assertOneError(t, p, c.variable)
			assert.NotContains(t, p.Log(), "s3cret")
		})
	}
}

// assertOneError checks the lines at ERROR other than those of requests.
func assertOneError(t *testing.T, p *runtimeapi.Process, variable string) {
	t.Helper()
	var errors []string
	for text := range strings.Lines(p.Log()) {
		var line struct{ Level, Message, Error string }
		require.NoError(t, json.Unmarshal([]byte(text), &line), text)
		if line.Level == "ERROR" && line.Message != "request" {
			errors = append(errors, line.Error)
		}
	}
	require.Len(t, errors, 1, p.Log())
	assert.Contains(t, errors[0], variable+": this setting cannot work: ")
}

// The emulators check neither names nor permissions.
func TestNameThatAWSRefusesIsOneErrorLineThatNamesTheSetting(t *testing.T) {
	type server interface {
		Inject(faults ...emulator.Fault)
	}
	table := func(s *emulator.Stack) server { return s.DynamoDB }
	secret := func(s *emulator.Stack) server { return s.SecretsManager }
	for _, c := range []struct {
		variable, code string
		server         func(*emulator.Stack) server
	}{
		{"TABLE_NAME", "ValidationException", table},
		{"TABLE_NAME", "AccessDeniedException", table},
		{"MOMENTO_SECRET_ID", "ValidationException", secret},
		{"MOMENTO_SECRET_ID", "InvalidParameterException", secret},
		{"MOMENTO_SECRET_ID", "AccessDeniedException", secret},
	} {
		t.Run(c.variable+" "+c.code, func(t *testing.T) {
			stack, err := emulator.Start(emulator.Options{})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, stack.Close()) })
			c.server(stack).Inject(emulator.Fault{Action: emulator.Fail, Status: 400, Code: c.code, Message: "refused"})
			p := startFunction(t, stack, 0, "AWS_LAMBDA_INITIALIZATION_TYPE=provisioned-concurrency")
			assertOneError(t, p, c.variable)
		})
	}
}

func TestTwoInvalidSettingsAreALineEach(t *testing.T) {
	stack, err := emulator.Start(emulator.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stack.Close()) })
	p := startFunction(t, stack, 0, "TABLE_NAME=other", "MOMENTO_ENDPOINT=x", "AWS_LAMBDA_INITIALIZATION_TYPE=provisioned-concurrency")
	require.NoError(t, p.Shutdown(within(t, 5*time.Second)))
	for _, variable := range []string{"TABLE_NAME", "MOMENTO_ENDPOINT"} {
		found := 0
		for text := range strings.Lines(p.Log()) {
			if strings.Contains(text, `"level":"ERROR"`) && strings.Contains(text, variable+": this setting") {
				found++
			}
		}
		assert.Equal(t, 1, found, "%s: %s", variable, p.Log())
	}
}

func TestOutageIsNoErrorOfASetting(t *testing.T) {
	stack, err := emulator.Start(emulator.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stack.Close()) })
	stack.Momento.Inject(emulator.Fault{Action: emulator.Refuse})
	p := startFunction(t, stack, 0, "AWS_LAMBDA_INITIALIZATION_TYPE=provisioned-concurrency")
	require.NoError(t, p.Shutdown(within(t, 5*time.Second)))
	assert.Contains(t, p.Log(), `"message":"warm-up"`)
	assert.NotContains(t, p.Log(), `"level":"ERROR"`)
}

func TestLinesOfTheRuntimeAreErrorsAtEveryLevel(t *testing.T) {
	for _, level := range []string{"", "TRACE", "DEBUG", "INFO", "WARN", "ERROR"} {
		t.Run(level, func(t *testing.T) {
			stack, err := emulator.Start(emulator.Options{})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, stack.Close()) })
			p := startFunction(t, stack, 0, "AWS_LAMBDA_LOG_LEVEL="+level)
			_, err = p.Invoke(t.Context(), runtimeapi.Invocation{Payload: []byte(`{"source":"aws.events"}`)})
			require.ErrorContains(t, err, "not a proxy event")
			require.NoError(t, p.Shutdown(within(t, 5*time.Second)))
			assert.Regexp(t, `"level":"ERROR".*not a proxy event`, p.Log(), "the invocation that failed")
		})
	}
}

func TestTheReasonTheRuntimeEndsTheProcessIsAnErrorAtEveryLevel(t *testing.T) {
	for _, level := range []string{"INFO", "WARN", "ERROR"} {
		t.Run(level, func(t *testing.T) {
			stack, err := emulator.Start(emulator.Options{})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, stack.Close()) })
			self, err := os.Executable()
			require.NoError(t, err)
			// The last AWS_LAMBDA_RUNTIME_API in the environment applies. Nothing listens there.
			p, err := runtimeapi.Start(runtimeapi.Options{
				Path: self,
				Env: append(stack.Environ(), asFunction+"=1", "AWS_LAMBDA_LOG_LEVEL="+level,
					"AWS_LAMBDA_RUNTIME_API=127.0.0.1:1"),
			})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, p.Close()) })
			<-p.Exited()
			assert.Regexp(t, `"level":"ERROR".*connection refused`, p.Log(), "the reason of the end")
		})
	}
}
