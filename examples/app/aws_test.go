package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/app"
	"github.com/warmclient/warmclient/examples/internal/emulator"
)

// setEnviron makes these the only AWS settings, and the clients cold.
func setEnviron(t *testing.T, environ ...string) {
	t.Helper()
	for _, entry := range os.Environ() {
		if name, value, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, value) // to have it restored
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

// setConfigFile stands for ~/.aws/config, whose place the SDK takes from HOME when the process starts.
func setConfigFile(t *testing.T, text string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	configs, credentials := config.DefaultSharedConfigFiles, config.DefaultSharedCredentialsFiles
	t.Cleanup(func() {
		config.DefaultSharedConfigFiles, config.DefaultSharedCredentialsFiles = configs, credentials
	})
	config.DefaultSharedConfigFiles, config.DefaultSharedCredentialsFiles = []string{name}, nil
}

var keys = []string{"AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=key", "AWS_SESSION_TOKEN=session"}

func TestOnLambdaTheConfigurationIsBuiltFromTheEnvironmentAlone(t *testing.T) {
	setEnviron(t, append(keys, "AWS_LAMBDA_RUNTIME_API=127.0.0.1:1", "AWS_ENDPOINT_URL=http://127.0.0.1:2", "AWS_SDK_UA_APP_ID=app")...)
	setConfigFile(t, "[default]\nregion = eu-west-3\nretry_mode = no such mode\n")
	_, err := config.LoadDefaultConfig(t.Context())
	require.Error(t, err, "the file is not even looked at: it would make the SDK's loader fail")
	cfg, err := app.AWS.Get(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "eu-west-1", cfg.Region)
	assert.Equal(t, "http://127.0.0.1:2", aws.ToString(cfg.BaseEndpoint))
	assert.Equal(t, "app", cfg.AppID)
	creds, err := cfg.Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"id", "key", "session"}, []string{creds.AccessKeyID, creds.SecretAccessKey, creds.SessionToken})
	_, ok := cfg.Credentials.(*aws.CredentialsCache)
	assert.False(t, ok, "LoadDefaultConfig would have wrapped them")
}

func TestElsewhereOrForWantOfVariablesTheSDKLoadsTheConfiguration(t *testing.T) {
	const lambda = "AWS_LAMBDA_RUNTIME_API=127.0.0.1:1"
	for name, environ := range map[string][]string{
		"elsewhere":      keys,
		"no region":      append([]string{lambda}, keys[1:]...),
		"no keys":        {lambda, keys[0]},
		"half a key":     {lambda, keys[0], keys[1]},
		"profile":        append([]string{lambda, "AWS_PROFILE=work"}, keys...),
		"retry settings": append([]string{lambda, "AWS_MAX_ATTEMPTS=7"}, keys...),
	} {
		t.Run(name, func(t *testing.T) {
			setEnviron(t, append(environ, "AWS_EC2_METADATA_DISABLED=true")...)
			setConfigFile(t, "[default]\nregion = eu-west-3\n[profile work]\n")
			cfg, err := app.AWS.Get(t.Context())
			require.NoError(t, err)
			assert.IsType(t, &aws.CredentialsCache{}, cfg.Credentials)
			if name == "no region" {
				assert.Equal(t, "eu-west-3", cfg.Region)
			}
			if name == "retry settings" {
				assert.Equal(t, 7, cfg.RetryMaxAttempts)
			}
		})
	}
}

func TestBrokenSettingIsAnErrorThatSaysSo(t *testing.T) {
	setEnviron(t, append(keys, "AWS_LAMBDA_RUNTIME_API=127.0.0.1:1", "AWS_USE_FIPS_ENDPOINT=perhaps")...)
	_, err := app.AWS.Get(t.Context())
	require.ErrorContains(t, err, "AWS_USE_FIPS_ENDPOINT")
}

func TestEndpointsOfTheEnvironmentHoldOnBothWays(t *testing.T) {
	for name, more := range map[string]string{
		"on Lambda": "AWS_LAMBDA_RUNTIME_API=127.0.0.1:1",
		"elsewhere": "AWS_EC2_METADATA_DISABLED=true",
	} {
		t.Run(name, func(t *testing.T) {
			stack, err := emulator.Start(emulator.Options{})
			require.NoError(t, err)
			// The general endpoint is dead: the services' own win over it.
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
	// Both legs are at their first server while neither has had an answer.
	require.Eventually(t, func() bool {
		return stack.DynamoDB.Requests("") == 1 && stack.SecretsManager.Requests("") == 1
	}, 800*time.Millisecond, time.Millisecond)
	stack.DynamoDB.Heal()
	stack.SecretsManager.Heal()
	require.NoError(t, <-warmed)
}
