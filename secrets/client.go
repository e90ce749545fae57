package secrets

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/warmclient/warmclient/internal/awshttp"
)

// API is the one call that [SecretsManager] makes. *secretsmanager.Client is
// one; a fake has one method to write. Where the implementation also has an
// Options method like that client's, the region in it is checked against the
// secret's ARN.
type API interface {
	GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput,
		opts ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

var _ API = (*secretsmanager.Client)(nil)

const (
	maxAttempts = 3
	maxBackoff  = 100 * time.Millisecond
)

// NewClient returns a client fit for a budget of one second: it connects within
// 1 s, makes at most three attempts, and pauses for at most 100 ms between
// them. There is no limit on a single attempt, so that a slow but good answer
// is used; [SecretsManager] bounds the whole.
//
// The retry settings of cfg (Retryer, RetryMode, RetryMaxAttempts, also those
// from the environment) and its DefaultsMode do not apply, since they are made
// for background work and would outlast the budget. A cfg.HTTPClient of the
// SDK's kind keeps its settings except for a connect limit above 1 s; any other
// is used as it is. Whatever opts set comes last and wins.
//
// NewClient does no I/O and reads no environment.
func NewClient(cfg aws.Config, opts ...func(*secretsmanager.Options)) *secretsmanager.Client {
	limits := func(o *secretsmanager.Options) {
		o.HTTPClient = awshttp.LimitConnect(o.HTTPClient)
		o.Retryer = awshttp.Retryer(maxAttempts, awshttp.HalfJitter(maxBackoff))
		// The client wraps the retryer once more with this number, after all
		// options have run.
		o.RetryMaxAttempts = 0
	}
	return secretsmanager.NewFromConfig(cfg, append([]func(*secretsmanager.Options){limits}, opts...)...)
}
