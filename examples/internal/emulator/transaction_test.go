package emulator_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/internal/emulator"
)

const oldItem = types.ReturnValuesOnConditionCheckFailureAllOld

func txPut(name, requestID string) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{
		TableName:                 aws.String(table),
		Item:                      user(name, requestID),
		ConditionExpression:       aws.String(own),
		ExpressionAttributeValues: map[string]types.AttributeValue{":r": s(requestID)},
	}}
}

func txExists(name string) types.TransactWriteItem {
	return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
		TableName:           aws.String(table),
		Key:                 key("USER#"+name, "USER#"+name),
		ConditionExpression: aws.String("attribute_exists(PK)"),
	}}
}

// txRole checks a member's role, returning the member if the check fails.
func txRole(name, role string) types.TransactWriteItem {
	return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
		TableName:                           aws.String(table),
		Key:                                 key("ORGMEMBERS#acme", "MEMBER#"+name),
		ConditionExpression:                 aws.String("#role = :role"),
		ExpressionAttributeNames:            map[string]string{"#role": "role"},
		ExpressionAttributeValues:           map[string]types.AttributeValue{":role": s(role)},
		ReturnValuesOnConditionCheckFailure: oldItem,
	}}
}

func member(name, role string) map[string]types.AttributeValue {
	item := key("ORGMEMBERS#acme", "MEMBER#"+name)
	item["role"] = s(role)
	return item
}

func put(t *testing.T, client *dynamodb.Client, items ...map[string]types.AttributeValue) {
	t.Helper()
	for _, item := range items {
		_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(table), Item: item})
		require.NoError(t, err)
	}
}

func write(t *testing.T, client *dynamodb.Client, actions ...types.TransactWriteItem) error {
	t.Helper()
	_, err := client.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: actions})
	return err
}

func TestTransactionCommitsWhenEveryConditionHolds(t *testing.T) {
	server, client := startDynamoDB(t)
	put(t, client, user("ada", "r0"), member("ada", "Owner"))

	require.NoError(t, write(t, client, txExists("ada"), txRole("ada", "Owner"), txPut("grace", "r1"), txPut("alan", "r1")))
	n, err := server.Items(table)
	require.NoError(t, err)
	assert.Equal(t, 4, n)

	// A second attempt of the same write, with another token, succeeds because of its requestId.
	require.NoError(t, write(t, client, txPut("grace", "r1"), txPut("alan", "r1")))
}

func TestFailedTransactionLeavesNothingBehind(t *testing.T) {
	server, client := startDynamoDB(t)
	put(t, client, user("ada", "r0"))

	err := write(t, client, txPut("grace", "r1"), txPut("alan", "r1"), txExists("nobody"))
	var canceled *types.TransactionCanceledException
	require.ErrorAs(t, err, &canceled)
	n, err := server.Items(table)
	require.NoError(t, err)
	assert.Equal(t, 1, n)
}

func TestFailedTransactionGivesOneReasonForEachAction(t *testing.T) {
	_, client := startDynamoDB(t)
	put(t, client, user("ada", "r0"), member("ada", "Member"))
	replace := txPut("ada", "r1")
	replace.Put.ReturnValuesOnConditionCheckFailure = oldItem
	update := types.TransactWriteItem{Update: &types.Update{
		TableName:                           aws.String(table),
		Key:                                 key("ORGMEMBERS#acme", "MEMBER#ada"),
		UpdateExpression:                    aws.String("SET #role = :new, #note = :new"),
		ConditionExpression:                 aws.String("#role = :old"),
		ExpressionAttributeNames:            map[string]string{"#role": "role", "#note": "note"},
		ExpressionAttributeValues:           map[string]types.AttributeValue{":new": s("Owner"), ":old": s("Admin")},
		ReturnValuesOnConditionCheckFailure: oldItem,
	}}
	remove := types.TransactWriteItem{Delete: &types.Delete{
		TableName:           aws.String(table),
		Key:                 key("ORGMEMBERS#acme", "MEMBER#grace"),
		ConditionExpression: aws.String("attribute_exists(PK)"),
	}}
	unconditional := types.TransactWriteItem{Put: &types.Put{TableName: aws.String(table), Item: user("new", "r1")}}

	err := write(t, client, unconditional, txExists("nobody"), replace, txPut("grace", "r1"), update, remove, txRole("alan", "Owner"))
	var canceled *types.TransactionCanceledException
	require.ErrorAs(t, err, &canceled)
	want := []struct {
		code string
		item map[string]types.AttributeValue
	}{
		{"None", nil},
		{"ConditionalCheckFailed", nil},
		{"ConditionalCheckFailed", user("ada", "r0")},
		{"None", nil},
		{"ConditionalCheckFailed", member("ada", "Member")},
		{"ConditionalCheckFailed", nil},
		{"ConditionalCheckFailed", nil}, // ALL_OLD of an item that does not exist
	}
	require.Len(t, canceled.CancellationReasons, len(want))
	for i, reason := range canceled.CancellationReasons {
		assert.Equal(t, want[i].code, aws.ToString(reason.Code), "action %d", i)
		assert.Equal(t, want[i].item, reason.Item, "action %d", i)
	}
	assert.Contains(t, canceled.ErrorMessage(),
		"[None, ConditionalCheckFailed, ConditionalCheckFailed, None, ConditionalCheckFailed, ConditionalCheckFailed, ConditionalCheckFailed]")
}

func TestTransactionRefusesTwoActionsOnOneItem(t *testing.T) {
	_, client := startDynamoDB(t)
	err := write(t, client, txExists("ada"), txPut("ada", "r1"))
	assert.Contains(t, requireCode(t, err, "ValidationException").ErrorMessage(), "multiple operations on one item")
}

func TestTransactionIsAppliedOncePerClientToken(t *testing.T) {
	server, client := startDynamoDB(t)
	in := &dynamodb.TransactWriteItemsInput{
		ClientRequestToken: aws.String("token"),
		TransactItems: []types.TransactWriteItem{{Put: &types.Put{
			TableName: aws.String(table), Item: user("ada", "r1"),
			ConditionExpression: aws.String("attribute_not_exists(PK)"),
		}}},
	}
	for range 2 {
		_, err := client.TransactWriteItems(t.Context(), in)
		require.NoError(t, err)
	}
	assert.Equal(t, 2, server.Requests("TransactWriteItems"))

	in.TransactItems = []types.TransactWriteItem{txPut("grace", "r1")}
	_, err := client.TransactWriteItems(t.Context(), in)
	var mismatch *types.IdempotentParameterMismatchException
	require.ErrorAs(t, err, &mismatch)
}

func TestWriteWhoseAnswerIsLostIsCommittedAndItsRetrySucceeds(t *testing.T) {
	server, _ := startDynamoDB(t)
	client := dynamoDBClient(server, func(o *dynamodb.Options) { o.RetryMaxAttempts = 3 })
	server.Inject(emulator.Fault{Action: emulator.Reset, Late: true, Times: 1})

	require.NoError(t, write(t, client, txPut("ada", "r1"), txPut("grace", "r1")))
	assert.Equal(t, 2, server.Requests("TransactWriteItems"))
	n, err := server.Items(table)
	require.NoError(t, err)
	assert.Equal(t, 2, n)
}
