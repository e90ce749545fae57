package main

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/examples/app"
	"github.com/warmclient/warmclient/lazyclient"
)

// ada is a table with one user.
type ada struct{ accounts.DynamoDB }

func (ada) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	if in.Key["PK"].(*types.AttributeValueMemberS).Value != "USER#ada" {
		return &dynamodb.GetItemOutput{}, nil
	}
	item := map[string]types.AttributeValue{"PK": in.Key["PK"], "SK": in.Key["SK"]}
	for name, value := range map[string]string{"username": "ada", "firstName": "Ada", "lastName": "Lovelace"} {
		item[name] = &types.AttributeValueMemberS{Value: value}
	}
	return &dynamodb.GetItemOutput{Item: item}, nil
}

// The handler gets its service as an argument, so a test requires neither a server nor the
// environment.
func TestUserIsReadFromTheTable(t *testing.T) {
	service, err := accounts.New(ada{}, "accounts", accounts.Options{})
	require.NoError(t, err)
	function := app.New("GET /users/{username}", app.With(lazyclient.Of(service), getUser))
	for username, want := range map[string]events.APIGatewayV2HTTPResponse{
		"ada": {StatusCode: 200, Body: `{"user":{"username":"ada","firstName":"Ada","lastName":"Lovelace"}}`},
		"eve": {StatusCode: 404, Body: `{"error":"user \"eve\": not found"}`},
	} {
		event := events.APIGatewayV2HTTPRequest{
			Version: "2.0", RouteKey: "GET /users/{username}", PathParameters: map[string]string{"username": username},
		}
		event.RequestContext.HTTP.Method = "GET"
		payload, err := json.Marshal(event)
		require.NoError(t, err)
		got, err := function(t.Context(), payload)
		require.NoError(t, err)
		want.Headers = map[string]string{"content-type": "application/json"}
		assert.Equal(t, want, got)
	}
}
