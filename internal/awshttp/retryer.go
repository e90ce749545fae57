package awshttp

import (
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// Retryer makes up to attempts attempts, the first included, and calls pause before each retry for
// how long to wait; the first retry is number 1. It retries what the SDK's standard mode retries,
// and status 429 whatever its error code. There is no quota of retries: one that failures have
// spent would leave a process a single attempt per call long after the service is back.
func Retryer(attempts int, pause func(retry int) time.Duration) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.RateLimiter = ratelimit.None
		// The SDK counts from one, or from zero where AWS_NEW_RETRIES_2026 is set.
		o.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) {
			return pause(max(attempt, 1)), nil
		})
		o.Retryables = append(o.Retryables, retry.RetryableHTTPStatusCode{
			Codes: map[int]struct{}{http.StatusTooManyRequests: {}},
		})
	})
}

// FullJitter returns a pause for [Retryer]: up to least at random before the first retry, up to
// twice that before the second, and so on until most. It spreads the clients that failed together.
// The SDK's own backoff counts in whole seconds.
func FullJitter(least, most time.Duration) func(retry int) time.Duration {
	return func(retry int) time.Duration {
		limit := least << min(max(retry, 1)-1, 16)
		return rand.N(min(limit, most) + 1)
	}
}

// HalfJitter returns a pause for [Retryer]: from a quarter to a half of most at random before the
// first retry, and from a half to the whole of it before the others.
func HalfJitter(most time.Duration) func(retry int) time.Duration {
	return func(retry int) time.Duration {
		limit := most
		if retry <= 1 {
			limit /= 2
		}
		return limit/2 + rand.N(limit/2+1)
	}
}
