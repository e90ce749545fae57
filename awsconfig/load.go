package awsconfig

import (
	"cmp"
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/logging"
)

// Load returns the configuration of this process, as [Tune] returns it for the zero [Options]. It
// returns an error if a setting is malformed or a file cannot be read.
//
// On Lambda, Load reads only the environment. If the environment lacks the region or the
// credentials, or names a profile, a file, or the defaults mode "auto", and on all other hosts,
// Load calls LoadDefaultConfig. ctx applies to requests that LoadDefaultConfig sends over the
// network.
func Load(ctx context.Context) (aws.Config, error) {
	env, err := config.NewEnvConfig()
	if err != nil {
		return aws.Config{}, fmt.Errorf("awsconfig: read the environment: %w", err)
	}
	if onLambda() && sufficient(env) {
		return Tune(fromEnvironment(env), Options{}), nil
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return aws.Config{}, fmt.Errorf("awsconfig: load the configuration: %w", err)
	}
	return Tune(cfg, Options{}), nil
}

// onLambda checks a variable that only the Lambda runtime sets. Variables with credentials are also
// set on machines that use files and profiles.
func onLambda() bool { return os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" }

// sufficient reports whether env contains everything that LoadDefaultConfig would look for
// elsewhere.
func sufficient(env config.EnvConfig) bool {
	return env.Region != "" && env.Credentials.HasKeys() &&
		env.SharedConfigProfile == "" && env.SharedConfigFile == "" && env.SharedCredentialsFile == "" &&
		env.CustomCABundle == "" && env.DefaultsMode != aws.DefaultsModeAuto
}

// fromEnvironment returns the configuration that LoadDefaultConfig returns if there is no file.
func fromEnvironment(env config.EnvConfig) aws.Config {
	cfg := aws.Config{
		Region: env.Region,
		Credentials: aws.NewCredentialsCache(credentials.StaticCredentialsProvider{
			Value:  env.Credentials,
			Source: []aws.CredentialSource{aws.CredentialSourceEnvVars},
		}),
		Logger: logging.NewStandardLogger(os.Stderr),
		// Clients read the endpoint of their service, such as AWS_ENDPOINT_URL_DYNAMODB, the
		// settings for FIPS and dual stack, and settings specific to S3 from the sources.
		ConfigSources:               []any{env},
		DefaultsMode:                cmp.Or(env.DefaultsMode, aws.DefaultsModeLegacy),
		RetryMode:                   env.RetryMode,
		AppID:                       env.AppID,
		DisableRequestCompression:   deref(env.DisableRequestCompression, false),
		RequestMinCompressSizeBytes: deref(env.RequestMinCompressSizeBytes, 10240),
		DisableClockSkewCorrection:  deref(env.DisableClockSkewCorrection, false),
		AccountIDEndpointMode:       cmp.Or(env.AccountIDEndpointMode, aws.AccountIDEndpointModePreferred),
		RequestChecksumCalculation:  cmp.Or(env.RequestChecksumCalculation, aws.RequestChecksumCalculationWhenSupported),
		ResponseChecksumValidation:  cmp.Or(env.ResponseChecksumValidation, aws.ResponseChecksumValidationWhenSupported),
		AuthSchemePreference:        env.AuthSchemePreference,
		RestrictFilePermissions:     cmp.Or(env.RestrictFilePermissions, aws.RestrictFilePermissionsUserReadWrite),
	}
	if env.BaseEndpoint != "" && !deref(env.IgnoreConfiguredEndpoints, false) {
		cfg.BaseEndpoint = &env.BaseEndpoint
	}
	return cfg
}

func deref[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
