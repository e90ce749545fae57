package awshttp_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/internal/awshttp"
)

func TestFullJitterDoublesItsLimitUntilTheMost(t *testing.T) {
	t.Parallel()
	retryer := awshttp.Retryer(10, awshttp.FullJitter(25*time.Millisecond, 400*time.Millisecond))
	assert.Equal(t, 10, retryer.MaxAttempts())
	limits := []time.Duration{25, 25, 50, 100, 200, 400, 400, 400, 400, 400} // of a retry 0 as well
	for attempt, limit := range limits {
		limit *= time.Millisecond
		longest := time.Duration(0)
		for range 1000 {
			delay, err := retryer.RetryDelay(attempt, nil)
			require.NoError(t, err)
			require.LessOrEqual(t, delay, limit)
			longest = max(longest, delay)
		}
		assert.Greater(t, longest, limit*9/10, attempt)
	}
}

func TestRetriesHaveNoQuota(t *testing.T) {
	t.Parallel()
	retryer := awshttp.Retryer(3, awshttp.FullJitter(time.Millisecond, time.Millisecond))
	for range 1000 { // the SDK's quota ends after a hundred
		_, err := retryer.GetRetryToken(t.Context(), errors.New("refused"))
		require.NoError(t, err)
	}
}

func TestHalfJitterPausesForAtMostItsLimit(t *testing.T) {
	t.Parallel()
	const maxBackoff = 100 * time.Millisecond
	retryer := awshttp.Retryer(3, awshttp.HalfJitter(maxBackoff))
	assert.Equal(t, 3, retryer.MaxAttempts())
	for attempt := range 8 {
		seen := map[time.Duration]bool{}
		for range 100 {
			delay, err := retryer.RetryDelay(attempt, nil)
			require.NoError(t, err)
			assert.LessOrEqual(t, delay, maxBackoff)
			if attempt <= 1 {
				assert.LessOrEqual(t, delay, maxBackoff/2)
				assert.GreaterOrEqual(t, delay, maxBackoff/4)
			} else {
				assert.GreaterOrEqual(t, delay, maxBackoff/2)
			}
			seen[delay] = true
		}
		assert.Greater(t, len(seen), 1, "jitter")
	}
}

func TestRetryerRetriesRetryableErrors(t *testing.T) {
	t.Parallel()
	retryer := awshttp.Retryer(3, awshttp.FullJitter(time.Millisecond, time.Millisecond))
	for status, want := range map[int]bool{400: false, 403: false, 404: false, 429: true, 500: true, 502: true, 503: true, 504: true} {
		err := &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}},
			Err:      errors.New("refused"),
		}
		assert.Equal(t, want, retryer.IsErrorRetryable(err), status)
	}
}
