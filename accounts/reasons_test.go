package accounts_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/accounts"
)

// canned answers writes with one error after the other, and then with success.
type canned struct {
	accounts.DynamoDB
	answers []error
	tokens  []*string
	ids     []string
}

func (c *canned) next() error {
	if len(c.answers) == 0 {
		return nil
	}
	err := c.answers[0]
	c.answers = c.answers[1:]
	return err
}

func (c *canned) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	c.ids = append(c.ids, text(in.Item["requestId"]))
	return &dynamodb.PutItemOutput{}, c.next()
}

func (c *canned) TransactWriteItems(_ context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	c.tokens = append(c.tokens, in.ClientRequestToken)
	in.ClientRequestToken = aws.String("as the SDK does")
	for _, action := range in.TransactItems {
		if action.Put != nil {
			c.ids = append(c.ids, text(action.Put.Item["requestId"]))
		}
	}
	return &dynamodb.TransactWriteItemsOutput{}, c.next()
}

// canceled is wrapped as the SDK does it.
func canceled(codes ...string) error {
	reasons := make([]types.CancellationReason, len(codes))
	for i, code := range codes {
		reasons[i].Code = &code
	}
	return &smithy.OperationError{
		ServiceID: "DynamoDB", OperationName: "TransactWriteItems",
		Err: &types.TransactionCanceledException{CancellationReasons: reasons},
	}
}

const (
	none     = "None"
	failed   = "ConditionalCheckFailed"
	conflict = "TransactionConflict"
	throttle = "ThrottlingError"
	capacity = "ProvisionedThroughputExceeded"
)

// The steps of the transaction are: organization, user, adder, new membership.
func TestEveryCancellationReasonIsRead(t *testing.T) {
	kinds := []error{accounts.NotFound, accounts.NotFound, accounts.NotFound, accounts.AlreadyExists}
	entities := []string{"organization", "user", "membership", "membership"}
	codes := []string{none, failed, conflict, throttle, capacity, "ValidationError"}
	walk(4, len(codes), func(choice []int) {
		reasons := make([]string, len(choice))
		first := -1
		for i, c := range choice {
			reasons[i] = codes[c]
			if reasons[i] == failed && first < 0 {
				first = i
			}
		}
		if first < 0 {
			return // see below
		}
		db := &canned{answers: []error{canceled(reasons...)}}
		_, err := newService(t, db, accounts.Options{}).AddUserToOrganization(t.Context(),
			accounts.Membership{Organization: "acme", Username: "dan", Role: accounts.Member}, "ann")
		require.ErrorIs(t, err, kinds[first], reasons)
		refusal, ok := errors.AsType[*accounts.Error](err)
		require.True(t, ok)
		require.Equal(t, entities[first], refusal.Entity, reasons)
		require.Len(t, db.tokens, 1, "any failed condition decides, even beside a conflict")
	})
}

// walk calls visit with all words of the given length over that many letters.
func walk(length, letters int, visit func([]int)) {
	word := make([]int, length)
	for {
		visit(word)
		i := 0
		for ; i < length; i++ {
			if word[i]++; word[i] < letters {
				break
			}
			word[i] = 0
		}
		if i == length {
			return
		}
	}
}

func TestConflictsAndThrottlingAreRetriedUntilWriteTimeoutAndNothingElseIs(t *testing.T) {
	for name, test := range map[string]struct {
		answer error
		busy   bool
		status int
	}{
		"conflict":                          {canceled(none, conflict, none, none), true, 503},
		"throttling of a transaction":       {canceled(none, none, throttle, capacity), true, 503},
		"conflict with one":                 {&types.TransactionConflictException{}, true, 503},
		"throttling":                        {&smithy.GenericAPIError{Code: "ThrottlingException"}, true, 503},
		"no capacity":                       {&types.ProvisionedThroughputExceededException{}, true, 503},
		"limit of requests":                 {&types.RequestLimitExceeded{}, true, 503},
		"transaction in progress":           {&types.TransactionInProgressException{}, true, 503},
		"internal error":                    {&types.InternalServerError{}, false, 503},
		"missing table":                     {&types.ResourceNotFoundException{}, false, 500},
		"access":                            {&smithy.GenericAPIError{Code: "AccessDeniedException"}, false, 500},
		"conflict, but invalid":             {canceled(conflict, "ValidationError", none, none), false, 500},
		"conflict, but too large":           {canceled(none, "ItemCollectionSizeLimitExceeded", none, conflict), false, 500},
		"no reason given":                   {canceled(none, none, none, none), false, 500},
		"no reasons":                        {canceled(), false, 500},
		"reason without a code":             {&types.TransactionCanceledException{CancellationReasons: make([]types.CancellationReason, 4)}, false, 500},
		"more reasons than there are steps": {canceled(none, none, none, none, failed), false, 500},
		"anything else":                     {errors.New("plain"), false, 500},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for _, times := range []int{1, 5, 1000} {
					db := &canned{answers: slices.Repeat([]error{test.answer}, times)}
					start := time.Now()
					_, err := newService(t, db, accounts.Options{}).AddUserToOrganization(t.Context(),
						accounts.Membership{Organization: "acme", Username: "dan", Role: accounts.Member}, "ann")
					switch {
					case !test.busy:
						require.Len(t, db.tokens, 1)
						require.Zero(t, time.Since(start))
					case times < 1000:
						require.NoError(t, err)
						require.Len(t, db.tokens, times+1)
					default:
						require.Equal(t, 3*time.Second, time.Since(start))
						require.ErrorIs(t, err, context.DeadlineExceeded)
					}
					if !test.busy || times == 1000 {
						require.ErrorIs(t, err, test.answer)
						require.Equal(t, test.status, accounts.HTTPStatus(err))
						require.ErrorContains(t, err, `accounts: add membership "acme/dan": `)
					}
					for i, token := range db.tokens {
						require.Nil(t, token, "a canceled transaction's token is not used again")
						require.Equal(t, db.ids[0], db.ids[i], "the request's id is")
					}
				}
			})
		})
	}
}

func TestConflictOfASinglePutIsRetriedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &canned{answers: []error{&types.TransactionConflictException{}, &types.TransactionConflictException{}}}
		_, err := newService(t, db, accounts.Options{}).CreateUser(t.Context(), accounts.User{Username: "ann"})
		require.NoError(t, err)
		assert.Len(t, db.ids, 3)
		assert.Equal(t, db.ids[0], db.ids[2])
	})
}

func TestRetriesArePausedWithJitterWithinTheCallersTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took := make(map[time.Duration]bool)
		for range 20 {
			start := time.Now()
			db := &canned{answers: []error{canceled(conflict, none, none), canceled(conflict, none, none)}}
			_, err := newService(t, db, accounts.Options{}).CreateOrganization(t.Context(), "acme", "ann")
			require.NoError(t, err)
			took[time.Since(start)] = true
		}
		assert.Greater(t, len(took), 10)

		db := &canned{answers: slices.Repeat([]error{canceled(conflict, none, none)}, 1000)}
		start := time.Now()
		_, err := newService(t, db, accounts.Options{WriteTimeout: 10 * time.Millisecond}).CreateOrganization(t.Context(), "acme", "ann")
		require.ErrorContains(t, err, "TransactionCanceledException", "the last real error is kept")
		require.ErrorContains(t, err, "deadline exceeded")
		assert.Equal(t, 503, accounts.HTTPStatus(err), "the last answer decides, not the deadline after it")
		assert.Equal(t, 10*time.Millisecond, time.Since(start))
	})
}

func TestRequestIDsDiffer(t *testing.T) {
	db := &canned{}
	s := newService(t, db, accounts.Options{})
	for i := range 100 {
		_, err := s.CreateUser(t.Context(), accounts.User{Username: fmt.Sprint(i)})
		require.NoError(t, err)
	}
	seen := make(map[string]bool)
	for _, id := range db.ids {
		seen[id] = true
	}
	assert.Len(t, seen, 100)
}

func TestOldItemTellsNotFoundFromForbidden(t *testing.T) {
	for name, test := range map[string]struct {
		addedBy string
		old     item
		want    error
	}{
		"adder, no item":       {"ann", nil, accounts.NotFound},
		"adder, some item":     {"ann", item{"role": str("Member")}, accounts.Forbidden},
		"itself, no item":      {"dan", nil, accounts.NotFound},
		"itself, role too low": {"dan", item{"organizationName": str("acme"), "memberUsername": str("dan"), "role": str("Member")}, accounts.Forbidden},
		"itself, high enough":  {"dan", item{"organizationName": str("acme"), "memberUsername": str("dan"), "role": str("Owner")}, accounts.AlreadyExists},
		"itself, unknown role": {"dan", item{"organizationName": str("acme"), "memberUsername": str("dan"), "role": str("King")}, accounts.Forbidden},
		"itself, garbled item": {"dan", item{"role": &types.AttributeValueMemberBOOL{}}, accounts.Forbidden},
	} {
		t.Run(name, func(t *testing.T) {
			answer := &types.TransactionCanceledException{CancellationReasons: []types.CancellationReason{
				{}, {}, {Code: aws.String(failed), Item: test.old},
			}}
			db := &canned{answers: []error{answer}}
			_, err := newService(t, db, accounts.Options{}).AddUserToOrganization(t.Context(),
				accounts.Membership{Organization: "acme", Username: "dan", Role: accounts.Member}, test.addedBy)
			require.ErrorIs(t, err, test.want)
		})
	}
}

func TestImpossibleCheckThatPassesIsNoSuccess(t *testing.T) {
	cache := newMemory()
	s := newService(t, &canned{}, accounts.Options{Cache: cache, CacheTimeout: time.Minute})
	_, err := s.AddUserToOrganization(t.Context(),
		accounts.Membership{Organization: "acme", Username: "dan", Role: accounts.Member}, "dan")
	require.ErrorContains(t, err, "passed a check that always fails")
	require.Len(t, cache.keys(), 1)
	assert.Nil(t, cache.value(cache.keys()[0]), "no membership is cached")
}
