package momentocache

import (
	"time"

	"github.com/momentohq/client-sdk-go/config/retry"
)

// withinDeadline prevents a retry that would begin after the call's deadline, because the SDK
// ignores the call's context during the pause before a retry.
type withinDeadline struct{ retry.Strategy }

func (w withinDeadline) DetermineWhenToRetry(props retry.StrategyProps) *int {
	ms := w.Strategy.DetermineWhenToRetry(props)
	if ms != nil && *ms > 0 && time.Until(props.OverallDeadline) <= time.Duration(*ms)*time.Millisecond {
		return nil
	}
	return ms
}

// attemptsWithinDeadline is withinDeadline for a strategy that also limits each attempt.
type attemptsWithinDeadline struct {
	withinDeadline
	attempts retry.DeadlineAwareRetryStrategy
}

func (w attemptsWithinDeadline) CalculateRetryDeadline(overall time.Time) time.Time {
	return w.attempts.CalculateRetryDeadline(overall)
}

func retryWithinDeadline(s retry.Strategy) retry.Strategy {
	switch s := s.(type) {
	case nil:
		return nil
	case retry.DeadlineAwareRetryStrategy:
		return attemptsWithinDeadline{withinDeadline{s}, s}
	default:
		return withinDeadline{s}
	}
}
