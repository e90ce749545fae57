package emulator_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/logging"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const own = "attribute_not_exists(PK) OR requestId = :r"

func putUser(name, requestID string) *dynamodb.PutItemInput {
	return &dynamodb.PutItemInput{
		TableName:                 aws.String(table),
		Item:                      user(name, requestID),
		ConditionExpression:       aws.String(own),
		ExpressionAttributeValues: map[string]types.AttributeValue{":r": s(requestID)},
	}
}

func getUser(name string) *dynamodb.GetItemInput {
	return &dynamodb.GetItemInput{
		TableName: aws.String(table), Key: key("USER#"+name, "USER#"+name), ConsistentRead: aws.Bool(true),
	}
}

func TestGetItemReturnsWhatPutItemStored(t *testing.T) {
	server, client := startDynamoDB(t)

	absent, err := client.GetItem(t.Context(), getUser("ada"))
	require.NoError(t, err)
	assert.Nil(t, absent.Item)

	_, err = client.PutItem(t.Context(), putUser("ada", "r1"))
	require.NoError(t, err)
	found, err := client.GetItem(t.Context(), getUser("ada"))
	require.NoError(t, err)
	assert.Equal(t, user("ada", "r1"), found.Item)

	n, err := server.Items(table)
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	assert.Equal(t, 2, server.Requests("GetItem"))
	assert.Equal(t, 1, server.Requests("PutItem"))
	assert.Equal(t, 3, server.Requests(""))
}

func TestPutItemConditionAcceptsARetryAndRefusesAnotherWrite(t *testing.T) {
	_, client := startDynamoDB(t)
	for range 2 {
		_, err := client.PutItem(t.Context(), putUser("ada", "r1"))
		require.NoError(t, err)
	}

	_, err := client.PutItem(t.Context(), putUser("ada", "r2"))
	var failed *types.ConditionalCheckFailedException
	require.ErrorAs(t, err, &failed)
	assert.Nil(t, failed.Item)

	again := putUser("ada", "r2")
	again.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	_, err = client.PutItem(t.Context(), again)
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, user("ada", "r1"), failed.Item)
}

func TestPutItemReturnsTheOldItemOnlyWhenAsked(t *testing.T) {
	_, client := startDynamoDB(t)
	put := &dynamodb.PutItemInput{TableName: aws.String(table), Item: user("ada", "r1")}

	out, err := client.PutItem(t.Context(), put)
	require.NoError(t, err)
	assert.Nil(t, out.Attributes)

	put.ReturnValues = types.ReturnValueAllOld
	put.Item = user("ada", "r2")
	out, err = client.PutItem(t.Context(), put)
	require.NoError(t, err)
	assert.Equal(t, user("ada", "r1"), out.Attributes)

	put.Item = user("grace", "r3")
	out, err = client.PutItem(t.Context(), put)
	require.NoError(t, err)
	assert.Nil(t, out.Attributes)
}

func TestEmptyAttributesAreKept(t *testing.T) {
	_, client := startDynamoDB(t)
	item := user("ada", "r1")
	item["lastName"] = s("")
	_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(table), Item: item})
	require.NoError(t, err)
	out, err := client.GetItem(t.Context(), getUser("ada"))
	require.NoError(t, err)
	assert.Equal(t, item, out.Item)
}

func TestErrorsCarryTheServicesCodes(t *testing.T) {
	_, client := startDynamoDB(t)
	cases := []struct {
		name, code string
		call       func() error
	}{
		{"unknown table", "ResourceNotFoundException", func() error {
			_, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("nope"), Key: key("a", "b")})
			return err
		}},
		{"unknown operation", "UnknownOperationException", func() error {
			_, err := client.ListTables(t.Context(), &dynamodb.ListTablesInput{})
			return err
		}},
		{"item without its sort key", "ValidationException", func() error {
			_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{
				TableName: aws.String(table), Item: map[string]types.AttributeValue{"PK": s("a")},
			})
			return err
		}},
		{"incomplete key", "ValidationException", func() error {
			_, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{
				TableName: aws.String(table), Key: map[string]types.AttributeValue{"PK": s("a")},
			})
			return err
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			requireCode(t, c.call(), c.code)
		})
	}
}

func TestAnswersPassTheSDKsChecksum(t *testing.T) {
	server, _ := startDynamoDB(t)
	var log bytes.Buffer
	client := dynamoDBClient(server, func(o *dynamodb.Options) { o.Logger = logging.NewStandardLogger(&log) })
	_, err := client.PutItem(t.Context(), putUser("ada", "r1"))
	require.NoError(t, err)
	_, err = client.PutItem(t.Context(), putUser("ada", "r2"))
	require.Error(t, err)
	assert.Empty(t, log.String())
}

func TestUnsignedRequestsAreRefused(t *testing.T) {
	server, _ := startDynamoDB(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL(), strings.NewReader("{}"))
	require.NoError(t, err)
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810.GetItem")
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusBadRequest, resp.StatusCode)
	assert.Contains(t, string(body), "MissingAuthenticationTokenException")
}

func TestReservedWordsAreRefusedWhateverTheirCase(t *testing.T) {
	_, client := startDynamoDB(t)
	cases := []struct {
		condition string
		names     map[string]string
		reserved  bool
	}{
		{"role = :r", nil, true},
		{"attribute_exists(PK) AND Role = :r", nil, true},
		{"attribute_not_exists(PK) OR role = :r", nil, true},
		{"#role = :r or attribute_not_exists(PK)", map[string]string{"#role": "role"}, false},
		{"attribute_not_exists(PK) OR NOT (requestId = :r)", nil, false},
	}
	for i, c := range cases {
		t.Run(c.condition, func(t *testing.T) {
			put := putUser(fmt.Sprint("user", i), "r1")
			put.ConditionExpression, put.ExpressionAttributeNames = aws.String(c.condition), c.names
			_, err := client.PutItem(t.Context(), put)
			if !c.reserved {
				require.NoError(t, err)
				return
			}
			assert.Contains(t, requireCode(t, err, "ValidationException").ErrorMessage(), "reserved word")
		})
	}
}

func TestUndefinedPlaceholdersAreRefused(t *testing.T) {
	_, client := startDynamoDB(t)
	cases := map[string]*dynamodb.PutItemInput{":r": putUser("ada", "r1"), "#name": putUser("ada", "r1")}
	cases[":r"].ExpressionAttributeValues = nil
	cases["#name"].ConditionExpression = aws.String("requestId = :r OR attribute_not_exists(#name)")
	for placeholder, put := range cases {
		t.Run(placeholder, func(t *testing.T) {
			_, err := client.PutItem(t.Context(), put)
			assert.Contains(t, requireCode(t, err, "ValidationException").ErrorMessage(), placeholder)

			err = write(t, client, types.TransactWriteItem{Put: &types.Put{
				TableName: put.TableName, Item: put.Item,
				ConditionExpression: put.ConditionExpression, ExpressionAttributeValues: put.ExpressionAttributeValues,
			}})
			assert.Contains(t, requireCode(t, err, "ValidationException").ErrorMessage(), placeholder)
		})
	}
}

func TestConcurrentRequestsAreEachAtomic(t *testing.T) {
	server, client := startDynamoDB(t)
	const callers = 200
	var created, refused atomic.Int32
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			name := fmt.Sprintf("user%d", i%10)
			_, err := client.PutItem(t.Context(), putUser(name, fmt.Sprint(i)))
			var failed *types.ConditionalCheckFailedException
			switch {
			case err == nil:
				created.Add(1)
			case errors.As(err, &failed):
				refused.Add(1)
			default:
				assert.NoError(t, err)
			}
		})
		wg.Go(func() {
			_, err := client.GetItem(t.Context(), getUser(fmt.Sprintf("user%d", i%10)))
			assert.NoError(t, err)
			_, err = client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String(table)})
			assert.NoError(t, err)
		})
		if i%50 == 0 {
			wg.Go(func() { assert.NoError(t, server.CreateTable(fmt.Sprintf("table%d", i))) })
		}
	}
	wg.Wait()
	assert.EqualValues(t, 10, created.Load())
	assert.EqualValues(t, callers-10, refused.Load())
	n, err := server.Items(table)
	require.NoError(t, err)
	assert.Equal(t, 10, n)
	assert.Equal(t, callers, server.Requests("PutItem"))
}
