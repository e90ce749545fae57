package awscall

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/warmclient/warmclient/internal/awshttp"
)

const (
	// MaxAttempts bounds the attempts of a fetch, the first included.
	MaxAttempts = 3
	// MaxBackoff bounds the pause between two attempts.
	MaxBackoff = 100 * time.Millisecond

	// A service in the same region connects within milliseconds. The limit is half of the default
	// budget, so that a route that is missing is told from a service that is slow.
	dialTimeout = 500 * time.Millisecond
)

// HTTPClient returns client without kept connections: an idle one may be dead after a freeze, and
// net/http prints what arrives on one. It dials within 500ms, and gives an attempt no limit of its
// own, so that a slow but good answer is used. An HTTP client that is neither the SDK's nor
// awsconfig.Tune's is returned as it is.
//
// Call it from a service option: the SDK applies DefaultsMode, which sets limits too, before those.
func HTTPClient(client aws.HTTPClient) aws.HTTPClient {
	c, ok := awshttp.From(client)
	if !ok {
		return client
	}
	return c.WithAttemptTimeout(0).WithoutKeepAlive(dialTimeout)
}

// Retryer returns a retryer that makes MaxAttempts attempts with pauses of at most MaxBackoff, on
// the thousandth call as on the first.
func Retryer() aws.Retryer { return awshttp.Retryer(MaxAttempts, awshttp.HalfJitter(MaxBackoff)) }
