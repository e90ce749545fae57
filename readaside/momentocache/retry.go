package momentocache

import (
	"time"

	"github.com/momentohq/client-sdk-go/config/retry"
)

// punctual makes no retry that would come after the call's deadline. The SDK sleeps
// through the pause before a retry, deaf to the call's context.
type punctual struct{ retry.Strategy }

func (p punctual) DetermineWhenToRetry(props retry.StrategyProps) *int {
	ms := p.Strategy.DetermineWhenToRetry(props)
	if ms != nil && *ms > 0 && time.Until(props.OverallDeadline) <= time.Duration(*ms)*time.Millisecond {
		return nil
	}
	return ms
}

// punctualByAttempt is punctual for a strategy that bounds each attempt, too.
type punctualByAttempt struct {
	punctual
	byAttempt retry.DeadlineAwareRetryStrategy
}

func (p punctualByAttempt) CalculateRetryDeadline(overall time.Time) time.Time {
	return p.byAttempt.CalculateRetryDeadline(overall)
}

func punctually(s retry.Strategy) retry.Strategy {
	switch s := s.(type) {
	case nil:
		return nil
	case retry.DeadlineAwareRetryStrategy:
		return punctualByAttempt{punctual{s}, s}
	default:
		return punctual{s}
	}
}
