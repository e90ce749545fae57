package accounts

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/warmclient/warmclient/readaside"
)

// step is one action of a transaction, and what it means that its condition
// failed, given the item as it was where the action asks for that.
type step struct {
	action  types.TransactWriteItem
	refusal func(old attributes) *Error
}

// newRequestID returns what marks the items of one write. It stays the same when
// the write is attempted again, by us or inside the SDK, so that an attempt which
// was committed, but whose answer was lost, is not mistaken for somebody else's.
func newRequestID() string { return rand.Text() }

// put returns the creation of an item.
func (s *Service) put(item attributes, requestID string) *types.Put {
	item["requestId"] = text(requestID)
	return &types.Put{
		TableName:                 &s.table,
		Item:                      item,
		ConditionExpression:       aws.String("attribute_not_exists(PK) OR requestId = :r"),
		ExpressionAttributeValues: attributes{":r": text(requestID)},
	}
}

// create is a step that creates an item.
func (s *Service) create(item attributes, requestID string, taken *Error) step {
	return step{
		action:  types.TransactWriteItem{Put: s.put(item, requestID)},
		refusal: func(attributes) *Error { return taken },
	}
}

// exists is a step that relies on an item.
func (s *Service) exists(key attributes, missing *Error) step {
	return step{
		action: types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
			TableName:           &s.table,
			Key:                 key,
			ConditionExpression: aws.String("attribute_exists(PK)"),
		}},
		refusal: func(attributes) *Error { return missing },
	}
}

// check is a step that relies on a membership's role. A condition on the role
// fails, too, where there is no item.
func (s *Service) check(key attributes, condition string, values attributes, refusal func(old attributes) *Error) step {
	c := &types.ConditionCheck{
		TableName:                           &s.table,
		Key:                                 key,
		ConditionExpression:                 &condition,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	if values != nil {
		c.ExpressionAttributeValues = values
		c.ExpressionAttributeNames = map[string]string{"#role": "role"} // a reserved word
	}
	return step{action: types.TransactWriteItem{ConditionCheck: c}, refusal: refusal}
}

// transact takes all steps or none. Where several conditions fail, the refusal
// of the first of these steps is returned, so their order matters.
func (s *Service) transact(ctx context.Context, changes []readaside.Change, steps ...step) error {
	actions := make([]types.TransactWriteItem, len(steps))
	for i, st := range steps {
		actions[i] = st.action
	}
	return s.write(ctx, func(ctx context.Context) error {
		// A new input for each attempt: the SDK writes its idempotency token
		// into it, and a canceled transaction's must not be used again.
		_, err := s.db.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: actions})
		if canceled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
			for i, reason := range canceled.CancellationReasons {
				if i < len(steps) && aws.ToString(reason.Code) == conditionFailed {
					return steps[i].refusal(reason.Item)
				}
			}
		}
		return err
	}, changes...)
}

// The codes of cancellation reasons that matter here. Among the others are
// ValidationError and ItemCollectionSizeLimitExceeded.
const (
	conditionFailed = "ConditionalCheckFailed"
	conflict        = "TransactionConflict"
	throttled       = "ThrottlingError"
	overThroughput  = "ProvisionedThroughputExceeded"
)

const retries = 2

// write makes a write of the Store, and attempts it again after a conflict. An attempt returns an
// *Error where the table refuses. That comes back as it is, and says that nothing was written. What
// comes back otherwise may hold the cause of ctx, which can be any error, even a refusal of another
// call: so refusals are not looked for in its chain.
//
// After AlreadyExists the keys are also invalidated: what exists may have been written by a process
// that did not say so to the cache.
func (s *Service) write(ctx context.Context, attempt func(context.Context) error, changes ...readaside.Change) error {
	begun := false
	err := s.store.Write(ctx, func(ctx context.Context) error {
		begun = true
		err := s.attempts(ctx, attempt)
		if _, refused := err.(*Error); refused {
			return readaside.Unchanged(err)
		}
		return err
	}, changes...)
	if !begun {
		return fmt.Errorf("not begun: %w", err)
	}
	if e, refused := err.(*Error); refused && e.Kind == AlreadyExists {
		s.store.Invalidate(ctx, changes...)
	}
	return err
}

func (s *Service) attempts(ctx context.Context, attempt func(context.Context) error) error {
	for n := 0; ; n++ {
		err := attempt(ctx)
		if _, refused := err.(*Error); refused || err == nil {
			return err
		}
		if n == retries || !retryable(err) {
			return withCause(ctx, err)
		}
		if cause := pause(ctx, n); cause != nil {
			return fmt.Errorf("%w: %w", cause, err)
		}
	}
}

// retryable reports whether err is about conflicts and throttling only. The SDK retries a throttled
// request by itself, but no canceled transaction.
func retryable(err error) bool {
	if _, ok := errors.AsType[*types.TransactionConflictException](err); ok {
		return true
	}
	canceled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok {
		return false
	}
	found := false
	for _, reason := range canceled.CancellationReasons {
		switch aws.ToString(reason.Code) {
		case conflict, throttled, overThroughput:
			found = true
		case "None", "":
		default:
			return false
		}
	}
	return found
}

// pause waits for 25 to 50 ms after the first attempt and twice that after the
// second, so that two transactions that met do not meet again.
func pause(ctx context.Context, attempt int) error {
	least := 25 * time.Millisecond << attempt
	timer := time.NewTimer(least + mathrand.N(least))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
