package awshttp

import (
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// Retryer returns a retryer that makes up to attempts attempts, the first included. It waits for
// pause(n) before the n-th retry, counted from 1. It retries the errors that the SDK's standard
// mode retries, and any answer with status 429. It has no retry quota: a quota exhausted by an
// outage would limit a process to one attempt per call long after the service has recovered.
func Retryer(attempts int, pause func(retry int) time.Duration) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.RateLimiter = ratelimit.None
		// The SDK counts from one, or from zero if AWS_NEW_RETRIES_2026 is set.
		o.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) {
			return pause(max(attempt, 1)), nil
		})
		o.Retryables = append(o.Retryables, retry.RetryableHTTPStatusCode{
			Codes: map[int]struct{}{http.StatusTooManyRequests: {}},
		})
	})
}

// FullJitter returns a pause for [Retryer]. The pause before the first retry is random between 0
// and least. The upper bound doubles with each retry, up to most. The jitter spreads the retries of
// clients that failed at the same time. The SDK's own backoff counts in whole seconds.
func FullJitter(least, most time.Duration) func(retry int) time.Duration {
	return func(retry int) time.Duration {
		limit := least << min(max(retry, 1)-1, 16)
		return rand.N(min(limit, most) + 1)
	}
}

// HalfJitter returns a pause for [Retryer]. The pause is random between a quarter and a half of
// most before the first retry, and between a half of most and most before the others.
func HalfJitter(most time.Duration) func(retry int) time.Duration {
	return func(retry int) time.Duration {
		limit := most
		if retry <= 1 {
			limit /= 2
		}
		return limit/2 + rand.N(limit/2+1)
	}
}
