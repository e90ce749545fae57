package awscall

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/warmclient/warmclient/internal/awshttp"
)

const (
	// MaxAttempts is the maximum number of attempts of a fetch, the first included.
	MaxAttempts = 3
	// MaxBackoff is the maximum pause between two attempts.
	MaxBackoff = 100 * time.Millisecond

	// A service in the same region connects within milliseconds. The limit is half of the default
	// budget, so that the error distinguishes a missing route from a slow service.
	dialTimeout = 500 * time.Millisecond
)

// HTTPClient returns client without idle connections, because an idle connection may be dead after
// a freeze, and net/http logs data that arrives on one. The returned client dials within 500ms and
// has no limit for an attempt, so that a slow answer is still used. An HTTP client that is neither
// the SDK's BuildableClient nor from awsconfig.Tune is returned unchanged.
//
// Call it from a service option: the SDK applies DefaultsMode, which also sets limits, before the
// options.
func HTTPClient(client aws.HTTPClient) aws.HTTPClient {
	c, ok := awshttp.From(client)
	if !ok {
		return client
	}
	return c.WithAttemptTimeout(0).WithoutKeepAlive(dialTimeout)
}

// Retryer returns a retryer that makes up to MaxAttempts attempts with pauses of at most
// MaxBackoff. It has no retry quota.
func Retryer() aws.Retryer { return awshttp.Retryer(MaxAttempts, awshttp.HalfJitter(MaxBackoff)) }
