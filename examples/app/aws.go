package app

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// openAWS builds the configuration straight from the environment where that says it all, as on
// Lambda: LoadDefaultConfig also looks for files and for other sources of credentials.
func openAWS(ctx context.Context) (aws.Config, error) {
	env, err := config.NewEnvConfig()
	if err != nil {
		return aws.Config{}, fmt.Errorf("app: read the AWS environment: %w", err)
	}
	if !onLambda() || env.Region == "" || !env.Credentials.HasKeys() || needsLoader() {
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return aws.Config{}, fmt.Errorf("app: load the AWS configuration: %w", err)
		}
		return cfg, nil
	}
	cfg := aws.Config{
		Region: env.Region,
		Credentials: credentials.StaticCredentialsProvider{
			Value:  env.Credentials,
			Source: []aws.CredentialSource{aws.CredentialSourceEnvVars},
		},
		// Each client asks the sources for its endpoint (AWS_ENDPOINT_URL_DYNAMODB...), for FIPS and
		// dual stack.
		ConfigSources: []any{env},
		AppID:         env.AppID,
		// LoadDefaultConfig's default.
		AccountIDEndpointMode: aws.AccountIDEndpointModePreferred,
	}
	if ignore := env.IgnoreConfiguredEndpoints; env.BaseEndpoint != "" && (ignore == nil || !*ignore) {
		cfg.BaseEndpoint = &env.BaseEndpoint
	}
	return cfg, nil
}

// onLambda asks for a variable that only the runtime sets: those with credentials are also found
// on machines whose files and profiles count.
func onLambda() bool { return os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" }

// needsLoader reports whether the environment has a setting that only LoadDefaultConfig acts on.
// https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
func needsLoader() bool {
	return slices.ContainsFunc([]string{
		"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE",
		"AWS_DEFAULTS_MODE", "AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS", "AWS_ACCOUNT_ID_ENDPOINT_MODE",
		"AWS_AUTH_SCHEME_PREFERENCE", "AWS_DISABLE_CLOCK_SKEW_CORRECTION",
	}, func(name string) bool { return os.Getenv(name) != "" })
}
