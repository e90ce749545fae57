package momentocache_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/momentohq/client-sdk-go/config"
	"github.com/momentohq/client-sdk-go/config/retry"
	"github.com/momentohq/client-sdk-go/momento"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
)

// tenSeconds retries once, after ten seconds.
type tenSeconds struct{}

func (tenSeconds) DetermineWhenToRetry(props retry.StrategyProps) *int {
	if props.AttemptNumber > 1 {
		return nil
	}
	ms := 10_000
	return &ms
}

func TestNoRetryIsAwaitedThatWouldComeAfterTheDeadline(t *testing.T) {
	for name, strategy := range map[string]retry.Strategy{
		"a strategy":                    tenSeconds{},
		"one that bounds each attempt":  retry.NewFixedTimeoutRetryStrategy(retry.FixedTimeoutRetryStrategyProps{RetryDelayIntervalMillis: 10_000}),
		"one that waits longer by time": retry.NewExponentialBackoffRetryStrategy(retry.ExponentialBackoffRetryStrategyProps{InitialDelayMillis: 10_000, MaxBackoffMillis: 10_000}),
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			o := s.opener(t)
			o.Config = config.LambdaLatestWithLogger(quiet).WithRetryStrategy(strategy)
			c, _ := cacheOf(t, o)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			s.Inject(fail(codes.Unavailable, "down"))
			start := time.Now()
			_, err := c.Get(ctx, "k")
			require.Error(t, err)
			assert.Less(t, time.Since(start), 5*time.Second, "not the ten seconds of a retry")
			sdk, ok := errors.AsType[momento.MomentoError](err)
			require.True(t, ok)
			assert.Equal(t, momento.ServerUnavailableError, sdk.Code())
		})
	}
}

func TestRetriesThatFitAreMade(t *testing.T) {
	for name, strategy := range map[string]retry.Strategy{
		"by default": nil,
		"by count":   retry.NewFixedCountRetryStrategy(retry.FixedCountRetryStrategyProps{MaxAttempts: 3}),
		"by time":    retry.NewFixedTimeoutRetryStrategy(retry.FixedTimeoutRetryStrategyProps{RetryDelayIntervalMillis: 10}),
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			o := s.opener(t)
			if strategy != nil {
				o.Config = config.LambdaLatestWithLogger(quiet).WithRetryStrategy(strategy)
			}
			c, _ := cacheOf(t, o)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			before := s.Requests("Get")
			once := fail(codes.Unavailable, "down")
			once.Times = 1
			s.Inject(once)
			_, err := c.Get(ctx, "k")
			require.NoError(t, err)
			assert.Equal(t, before+2, s.Requests("Get"))
		})
	}
}
