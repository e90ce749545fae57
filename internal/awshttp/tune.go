package awshttp

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Tune implements awsconfig.Tune. It is also for packages that must not link the dependencies of
// awsconfig.Load.
func Tune(cfg aws.Config, attempt time.Duration) aws.Config {
	if c, ok := From(cfg.HTTPClient); ok {
		cfg.HTTPClient = c.WithAttemptTimeout(attempt)
	}
	if cfg.Retryer == nil {
		cfg.Retryer = func() aws.Retryer {
			return Retryer(10, FullJitter(25*time.Millisecond, 400*time.Millisecond))
		}
	}
	cfg.RetryMaxAttempts = 0 // otherwise a client would apply it to the Retryer
	return cfg
}
