package app_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/app"
	"github.com/warmclient/warmclient/examples/internal/emulator"
)

// setEnviron sets the given AWS settings, unsets all others, and resets the clients.
func setEnviron(t *testing.T, environ ...string) {
	t.Helper()
	for _, entry := range os.Environ() {
		if name, value, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, value) // restores it after the test
			require.NoError(t, os.Unsetenv(name))
		}
	}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		t.Setenv(name, value)
	}
	reset := func() {
		app.Accounts.Reset()
		app.Momento.Reset()
		app.SecretsManager.Reset()
		app.DynamoDB.Reset()
		app.AWS.Reset()
	}
	reset()
	t.Cleanup(reset)
}

func TestEndpointsOfTheEnvironmentHoldOnBothWays(t *testing.T) {
	for name, more := range map[string]string{
		"on Lambda": "AWS_LAMBDA_RUNTIME_API=127.0.0.1:1",
		"elsewhere": "AWS_EC2_METADATA_DISABLED=true",
	} {
		t.Run(name, func(t *testing.T) {
			stack, err := emulator.Start(emulator.Options{})
			require.NoError(t, err)
			// Nothing listens at the general endpoint. The endpoints of the services take
			// precedence.
			setEnviron(t, append(stack.Environ(), more, "AWS_ENDPOINT_URL=http://127.0.0.1:1")...)
			t.Cleanup(func() { require.NoError(t, stack.Close()) })
			require.NoError(t, app.Warm(t.Context()))
			assert.Equal(t, 1, stack.DynamoDB.Requests("GetItem"))
			assert.Equal(t, 1, stack.SecretsManager.Requests("GetSecretValue"))
			assert.Equal(t, 1, stack.Momento.Requests("Get"))
		})
	}
}

func TestWarmTakesTheLongestLegNotTheSum(t *testing.T) {
	stack, err := emulator.Start(emulator.Options{})
	require.NoError(t, err)
	setEnviron(t, stack.Environ()...)
	t.Cleanup(func() { require.NoError(t, stack.Close()) })
	stack.DynamoDB.Inject(emulator.Fault{Action: emulator.Hang})
	stack.SecretsManager.Inject(emulator.Fault{Action: emulator.Hang})
	warmed := make(chan error, 1)
	go func() { warmed <- app.Warm(t.Context()) }()
	// Both parts of the warm-up have called their first server before either gets an answer.
	require.Eventually(t, func() bool {
		return stack.DynamoDB.Requests("") == 1 && stack.SecretsManager.Requests("") == 1
	}, 800*time.Millisecond, time.Millisecond)
	stack.DynamoDB.Heal()
	stack.SecretsManager.Heal()
	require.NoError(t, <-warmed)
}
