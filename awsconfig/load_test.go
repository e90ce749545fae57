package awsconfig_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/awsconfig"
)

const lambda = "AWS_LAMBDA_RUNTIME_API=127.0.0.1:1"

var keys = []string{"AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=key", "AWS_SESSION_TOKEN=session"}

// setEnviron sets the given AWS settings and unsets all others.
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
}

// setConfigFile replaces ~/.aws/config, whose path the SDK derives from HOME when the process
// starts.
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

func TestOnLambdaLoadEqualsLoadDefaultConfig(t *testing.T) {
	for name, environ := range map[string][]string{
		"no setting": nil,
		"all settings": {
			"AWS_ACCOUNT_ID=123456789012",
			"AWS_ACCOUNT_ID_ENDPOINT_MODE=required",
			"AWS_AUTH_SCHEME_PREFERENCE=sigv4a, sigv4",
			"AWS_DEFAULTS_MODE=in-region",
			"AWS_DISABLE_CLOCK_SKEW_CORRECTION=true",
			"AWS_DISABLE_REQUEST_COMPRESSION=true",
			"AWS_ENDPOINT_URL=http://127.0.0.1:2",
			"AWS_MAX_ATTEMPTS=7",
			"AWS_REQUEST_CHECKSUM_CALCULATION=when_required",
			"AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES=17",
			"AWS_RESPONSE_CHECKSUM_VALIDATION=when_required",
			"AWS_RESTRICT_FILE_PERMISSIONS=unrestricted",
			"AWS_RETRY_MODE=adaptive",
			"AWS_SDK_UA_APP_ID=app",
		},
		"ignored endpoints": {"AWS_ENDPOINT_URL=http://127.0.0.1:2", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true"},
		"other names":       {"AWS_ACCESS_KEY=other", "AWS_SECRET_KEY=other", "AWS_DEFAULT_REGION=eu-west-2"},
	} {
		t.Run(name, func(t *testing.T) {
			setEnviron(t, append(append([]string{lambda}, keys...), environ...)...)
			setConfigFile(t, "")
			sdk, err := config.LoadDefaultConfig(t.Context())
			require.NoError(t, err)
			want := awsconfig.Tune(sdk, awsconfig.Options{})
			got, err := awsconfig.Load(t.Context())
			require.NoError(t, err)

			for field, value := range reflect.ValueOf(want).Fields() {
				switch field.Name {
				case "ConfigSources": // without the empty file
				case "Interceptors": // empty lists instead of nil
				case "HTTPClient", "Retryer", "Logger": // checked by type
					assert.IsType(t, value.Interface(), reflect.ValueOf(got).FieldByName(field.Name).Interface(), field.Name)
				default:
					assert.Equal(t, value.Interface(), reflect.ValueOf(got).FieldByName(field.Name).Interface(), field.Name)
				}
			}
			wantCredentials, err := want.Credentials.Retrieve(t.Context())
			require.NoError(t, err)
			gotCredentials, err := got.Credentials.Retrieve(t.Context())
			require.NoError(t, err)
			assert.Equal(t, wantCredentials, gotCredentials)
			assert.Equal(t, "id", gotCredentials.AccessKeyID)
			assert.Equal(t, "session", gotCredentials.SessionToken)
		})
	}
}

func TestOnLambdaLoadOpensNoFile(t *testing.T) {
	setEnviron(t, append(keys, lambda)...)
	setConfigFile(t, "[default]\nregion = eu-west-3\nretry_mode = no such mode\n")
	_, err := config.LoadDefaultConfig(t.Context())
	require.Error(t, err, "the SDK's loader fails on this file")
	cfg, err := awsconfig.Load(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "eu-west-1", cfg.Region)
}

func TestLoadIsLoadDefaultConfigElsewhereAndWhereVariablesDoNotSayItAll(t *testing.T) {
	for name, environ := range map[string][]string{
		"elsewhere":     keys,
		"no region":     append([]string{lambda}, keys[1:]...),
		"no keys":       {lambda, keys[0]},
		"half a key":    {lambda, keys[0], keys[1]},
		"profile":       append([]string{lambda, "AWS_PROFILE=default"}, keys...),
		"defaults mode": append([]string{lambda, "AWS_DEFAULTS_MODE=auto"}, keys...),
	} {
		t.Run(name, func(t *testing.T) {
			setEnviron(t, append(environ, "AWS_EC2_METADATA_DISABLED=true")...)
			setConfigFile(t, "[default]\nregion = eu-west-3\nsdk_ua_app_id = file\n")
			cfg, err := awsconfig.Load(t.Context())
			require.NoError(t, err)
			assert.Equal(t, "file", cfg.AppID)
		})
	}
}

func TestLoadReadsTheFilesThatTheEnvironmentNames(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(name, []byte("[default]\nsdk_ua_app_id = file\n"), 0o600))
	for _, variable := range []string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"} {
		t.Run(variable, func(t *testing.T) {
			setEnviron(t, append(keys, lambda, variable+"="+name)...)
			cfg, err := awsconfig.Load(t.Context())
			require.NoError(t, err)
			assert.Equal(t, "file", cfg.AppID)
		})
	}
	t.Run("AWS_CA_BUNDLE", func(t *testing.T) {
		setEnviron(t, append(keys, lambda, "AWS_CA_BUNDLE="+name)...)
		_, err := awsconfig.Load(t.Context())
		require.ErrorContains(t, err, "awsconfig: load the configuration: ")
	})
}

func TestAMalformedSettingIsAnErrorThatNamesIt(t *testing.T) {
	setEnviron(t, append(keys, lambda, "AWS_USE_FIPS_ENDPOINT=perhaps")...)
	_, err := awsconfig.Load(t.Context())
	require.ErrorContains(t, err, "awsconfig: read the environment: ")
	require.ErrorContains(t, err, "AWS_USE_FIPS_ENDPOINT")
}

func TestServicesKeepTheirEndpointsOfTheEnvironment(t *testing.T) {
	setEnviron(t, append(keys, lambda, "AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:3")...)
	cfg, err := awsconfig.Load(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "http://127.0.0.1:3", aws.ToString(newDynamoDB(cfg).Options().BaseEndpoint))
}
