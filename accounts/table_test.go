package accounts_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
)

type item = map[string]types.AttributeValue

// table is a DynamoDB that evaluates the conditions it is sent, and refuses what the real one
// refuses. Its faults run around a call: before takes its place with an error, after replaces the
// answer of a call that took effect.
type table struct {
	mu            sync.Mutex
	items         map[string]item
	gets, writes  int
	requests      []*dynamodb.TransactWriteItemsInput
	before, after func(ctx context.Context, op string) error
}

func newTable() *table { return &table{items: make(map[string]item)} }

func (t *table) around(ctx context.Context, op string, do func() error) error {
	t.mu.Lock()
	before, after := t.before, t.after
	if op == "GetItem" {
		t.gets++
	} else {
		t.writes++
	}
	t.mu.Unlock()
	if before != nil {
		if err := before(ctx, op); err != nil {
			return err
		}
	}
	t.mu.Lock()
	err := do()
	t.mu.Unlock()
	if err == nil && after != nil {
		err = after(ctx, op)
	}
	return err
}

func (t *table) GetItem(ctx context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	out := &dynamodb.GetItemOutput{}
	return out, t.around(ctx, "GetItem", func() error {
		out.Item = maps.Clone(t.items[keyOf(in.Key)])
		return nil
	})
}

func (t *table) PutItem(ctx context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return &dynamodb.PutItemOutput{}, t.around(ctx, "PutItem", func() error {
		key := keyOf(in.Item)
		switch ok, err := holds(in.ConditionExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues, t.items[key]); {
		case err != nil:
			return err
		case !ok:
			return &types.ConditionalCheckFailedException{}
		}
		t.items[key] = maps.Clone(in.Item)
		return nil
	})
}

func (t *table) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	return &dynamodb.TransactWriteItemsOutput{}, t.around(ctx, "TransactWriteItems", func() error {
		t.requests = append(t.requests, in)
		reasons := make([]types.CancellationReason, len(in.TransactItems))
		touched := make(map[string]item)
		failed := false
		for i, action := range in.TransactItems {
			reason, err := t.check(action, touched)
			if err != nil {
				return err
			}
			reasons[i] = reason
			failed = failed || *reason.Code != "None"
		}
		if failed {
			return &types.TransactionCanceledException{CancellationReasons: reasons}
		}
		for key, item := range touched {
			if item != nil {
				t.items[key] = item
			}
		}
		return nil
	})
}

func (t *table) check(action types.TransactWriteItem, touched map[string]item) (types.CancellationReason, error) {
	none := types.CancellationReason{Code: aws.String("None")}
	var key, condition string
	var names map[string]string
	var values, put item
	allOld := false
	if p := action.Put; p != nil {
		put = maps.Clone(p.Item)
		key, condition, names, values = keyOf(p.Item), *p.ConditionExpression, p.ExpressionAttributeNames, p.ExpressionAttributeValues
	} else {
		c := action.ConditionCheck
		key, condition, names, values = keyOf(c.Key), *c.ConditionExpression, c.ExpressionAttributeNames, c.ExpressionAttributeValues
		allOld = c.ReturnValuesOnConditionCheckFailure == types.ReturnValuesOnConditionCheckFailureAllOld
	}
	if _, twice := touched[key]; twice {
		return none, validation("Transaction request cannot include multiple operations on one item")
	}
	touched[key] = put
	ok, err := holds(&condition, names, values, t.items[key])
	if ok || err != nil {
		return none, err
	}
	reason := types.CancellationReason{Code: aws.String("ConditionalCheckFailed")}
	if allOld {
		reason.Item = t.items[key]
	}
	return reason, nil
}

// holds evaluates a condition of functions, "=" and "IN", joined by OR and AND.
func holds(condition *string, names map[string]string, values item, old item) (bool, error) {
	for name := range names {
		if !strings.Contains(*condition, name) {
			return false, validation("unused name " + name)
		}
	}
	for value := range values {
		if !strings.Contains(*condition, value) {
			return false, validation("unused value " + value)
		}
	}
	for either := range strings.SplitSeq(*condition, " OR ") {
		all := true
		for term := range strings.SplitSeq(either, " AND ") {
			ok, err := holdsTerm(term, names, values, old)
			if err != nil {
				return false, err
			}
			all = all && ok
		}
		if all {
			return true, nil
		}
	}
	return false, nil
}

func holdsTerm(term string, names map[string]string, values item, old item) (bool, error) {
	if path, ok := strings.CutPrefix(term, "attribute_exists("); ok {
		return old[strings.TrimSuffix(path, ")")] != nil, nil
	}
	if path, ok := strings.CutPrefix(term, "attribute_not_exists("); ok {
		return old[strings.TrimSuffix(path, ")")] == nil, nil
	}
	path, list, ok := strings.Cut(term, " IN (")
	if !ok {
		path, list, ok = strings.Cut(term, " = ")
	}
	if path == "role" {
		return false, validation("reserved word: role")
	}
	if name, alias := names[path]; alias {
		path = name
	} else if !ok || strings.HasPrefix(path, "#") {
		return false, validation("what is " + term)
	}
	return slices.ContainsFunc(strings.Split(strings.TrimSuffix(list, ")"), ", "), func(value string) bool {
		return old[path] != nil && text(old[path]) == text(values[value])
	}), nil
}

func keyOf(it item) string { return text(it["PK"]) + " " + text(it["SK"]) }

func text(v types.AttributeValue) string {
	s, ok := v.(*types.AttributeValueMemberS)
	if !ok {
		return fmt.Sprintf("%T", v)
	}
	return s.Value
}

func validation(message string) error {
	return &smithy.GenericAPIError{Code: "ValidationException", Message: message}
}

// put stores an item as if another program had.
func (t *table) put(pk, sk string, rest map[string]string) {
	it := item{"PK": str(pk), "SK": str(sk)}
	for name, value := range rest {
		it[name] = str(value)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.items[keyOf(it)] = it
}

func (t *table) remove(pk, sk string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.items, pk+" "+sk)
}

func (t *table) get(pk, sk string) item {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.items[pk+" "+sk]
}

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

// counted returns the calls since it was last called.
func (t *table) counted() (gets, writes int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	gets, writes = t.gets, t.writes
	t.gets, t.writes = 0, 0
	return gets, writes
}

func (t *table) fail(before, after func(context.Context, string) error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.before, t.after = before, after
}
