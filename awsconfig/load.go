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

// Load returns the configuration of this process, as [Tune] returns it for the zero [Options]. An
// error tells of a setting that is malformed, or of a file that cannot be read.
//
// On Lambda it reads the environment alone, unless that lacks the region or the credentials, or
// names a profile, a file, or the defaults mode "auto". Elsewhere, and then, it calls
// LoadDefaultConfig. ctx is for what that may ask over the network.
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

// onLambda asks for a variable that only the runtime sets: those with credentials are also found on
// machines whose files and profiles count.
func onLambda() bool { return os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" }

// sufficient reports whether env says all that LoadDefaultConfig would look for elsewhere.
func sufficient(env config.EnvConfig) bool {
	return env.Region != "" && env.Credentials.HasKeys() &&
		env.SharedConfigProfile == "" && env.SharedConfigFile == "" && env.SharedCredentialsFile == "" &&
		env.CustomCABundle == "" && env.DefaultsMode != aws.DefaultsModeAuto
}

// fromEnvironment returns what LoadDefaultConfig returns where there is no file.
func fromEnvironment(env config.EnvConfig) aws.Config {
	cfg := aws.Config{
		Region: env.Region,
		Credentials: aws.NewCredentialsCache(credentials.StaticCredentialsProvider{
			Value:  env.Credentials,
			Source: []aws.CredentialSource{aws.CredentialSourceEnvVars},
		}),
		Logger: logging.NewStandardLogger(os.Stderr),
		// Clients ask the sources for an endpoint of their own, such as AWS_ENDPOINT_URL_DYNAMODB,
		// for FIPS and dual stack, and for what only S3 knows.
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
