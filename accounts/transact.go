package accounts

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/warmclient/warmclient/internal/awshttp"
	"github.com/warmclient/warmclient/readaside"
)

// step is one action of a transaction, and the refusal that a failed condition means. old is the
// item as it was, where the action asks for it.
type step struct {
	action  types.TransactWriteItem
	refusal func(old attributes) *Error
}

// newRequestID returns an id that marks the items of one write. All attempts of the write have the
// same id, so an attempt that was committed, and whose answer was lost, is not mistaken for another
// write.
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

// exists is a step that checks that an item exists.
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

// check is a step that checks a membership's role. A condition on the role also fails where there
// is no item.
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

// transact takes all steps or none. If several conditions fail, it returns the refusal of the first
// of these steps, so their order matters.
func (s *Service) transact(ctx context.Context, changes []readaside.Change, steps ...step) error {
	actions := make([]types.TransactWriteItem, len(steps))
	for i, st := range steps {
		actions[i] = st.action
	}
	return s.write(ctx, func(ctx context.Context) error {
		// A new input for each attempt: the SDK writes its idempotency token into it, and a
		// canceled transaction's must not be used again.
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

// The codes of cancellation reasons that matter here. Among the others are ValidationError and
// ItemCollectionSizeLimitExceeded.
const (
	conditionFailed = "ConditionalCheckFailed"
	conflict        = "TransactionConflict"
	throttled       = "ThrottlingError"
	overThroughput  = "ProvisionedThroughputExceeded"
)

// write makes a write of the Store, and attempts it again while the table is busy. An attempt that
// the table refuses returns an *Error, which write returns unchanged: nothing was written. The
// chain of any other error may hold the cause of ctx, which may be the refusal of another call, so
// only the error itself is checked.
//
// After AlreadyExists the keys are also invalidated: what exists may have been written by a process
// whose calls of the cache failed.
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
		if ctx.Err() != nil {
			err = withCause(ctx, nil)
		}
		return fmt.Errorf("not begun: %w", err)
	}
	if e, refused := err.(*Error); refused && e.Kind == AlreadyExists {
		s.store.Invalidate(ctx, changes...)
	}
	return err
}

// pause is how long to wait before a write is made again.
var pause = awshttp.FullJitter(25*time.Millisecond, 400*time.Millisecond)

// attempts makes a write until the table is not busy, or ctx ends. The SDK's own retries of
// throttled requests are within an attempt.
func (s *Service) attempts(ctx context.Context, attempt func(context.Context) error) error {
	var last error // of an attempt that found the table busy
	for n := 1; ; n++ {
		err := attempt(ctx)
		switch _, refused := err.(*Error); {
		case refused, err == nil:
			return err
		case ctx.Err() != nil:
			if last != nil && !unavailable(err) && !answered(err) {
				err = &callError{err: err, answer: last}
			}
			return withCause(ctx, err)
		case !busy(err):
			return err
		}
		last = err
		timer := time.NewTimer(pause(n))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return withCause(ctx, err)
		}
	}
}
