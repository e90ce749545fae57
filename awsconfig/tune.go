package awsconfig

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/warmclient/warmclient/internal/awshttp"
)

// Options tunes a configuration. The zero value sets no limit on an attempt.
type Options struct {
	// AttemptTimeout is how long the first attempt of a call waits for the headers of an answer,
	// connecting included, before it is abandoned and retried on a new connection. It doubles with
	// each attempt, so that a service that is merely slow answers one of them. Once the headers are
	// there it does not limit the body. The default, 0, is no limit.
	//
	// An abandoned call may have been carried out. Writes that are not idempotent need a condition
	// or a token of their own, as they do with the SDK's own retries. A condition that the write
	// itself makes false, such as attribute_not_exists, fails when an attempt that was carried out
	// is retried: store a random id with the item, and take an item with that id for success.
	AttemptTimeout time.Duration
}

// Tune returns cfg with the limits and retries of this package; see the package documentation for
// what it keeps. Clients that are made of the result share its connections. It does no I/O, and
// does not change what cfg refers to.
//
// Tune may be applied to its own result: the later AttemptTimeout counts.
func Tune(cfg aws.Config, o Options) aws.Config {
	return awshttp.Tune(cfg, o.AttemptTimeout)
}
