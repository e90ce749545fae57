package awsconfig

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/warmclient/warmclient/internal/awshttp"
)

// Options are the options of [Tune]. The zero value sets no limit for an attempt.
type Options struct {
	// AttemptTimeout is how long the first attempt of a call waits for the headers of an answer,
	// connecting included, before it is canceled and retried on a new connection. It doubles with
	// each attempt, so that a slow service can answer a later one. It does not limit the body. The
	// default, 0, means no limit.
	//
	// The service may have carried out a canceled attempt. Writes that are not idempotent require a
	// condition or a client token, as they do with the SDK's own retries. A condition that the
	// write itself makes false, such as attribute_not_exists, fails when an attempt that was
	// carried out is retried: store a random id with the item, and treat an item with that id as
	// success.
	AttemptTimeout time.Duration
}

// Tune returns cfg with the limits and retries of this package. The package documentation lists the
// settings that it keeps. Clients made from the result share connections. Tune does no I/O and does
// not modify values that cfg refers to.
//
// Tune may be applied to its own result. The last AttemptTimeout applies.
func Tune(cfg aws.Config, o Options) aws.Config {
	return awshttp.Tune(cfg, o.AttemptTimeout)
}
