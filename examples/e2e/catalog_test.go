package e2e_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/internal/emulator"
	"github.com/warmclient/warmclient/examples/internal/runtimeapi"
)

func TestTheCatalogWarmsUpServesAndEndsOnSIGTERM(t *testing.T) {
	t.Parallel()
	s := startServices(t)
	db := dynamodb.New(dynamodb.Options{
		Region: emulator.Region, BaseEndpoint: aws.String(s.DynamoDB.URL()),
		Credentials: credentials.NewStaticCredentialsProvider("e2e", secretKey, ""),
	})
	_, err := db.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("products"), BillingMode: types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
	})
	require.NoError(t, err)
	const ratesKey = "rates-key-of-the-catalog"
	secret, err := json.Marshal(map[string]string{"MOMENTO_API_KEY": s.Momento.Key(), "RATES_API_KEY": ratesKey})
	require.NoError(t, err)
	s.keepSecret(ratesKey)
	s.SecretsManager.Put("catalog", string(secret))

	f := s.startBinary(t, binary(t, "catalog"), environment("TABLE_NAME=products", "SECRET_ID=catalog"))
	f.ready(t)
	assert.Equal(t, 1, s.DynamoDB.Requests("GetItem"), "the table is warm")
	assert.Equal(t, 1, s.Momento.Requests("Get"), "and so is the cache")
	for _, step := range []struct {
		method, body string
		status       int
	}{
		{"GET", "", 404}, {"PUT", `{"name":"Tea","priceCents":350}`, 204}, {"PATCH", `{"priceCents":400}`, 204},
		{"GET", "", 200}, {"DELETE", "", 204}, {"GET", "", 404},
	} {
		payload, err := json.Marshal(events.APIGatewayV2HTTPRequest{
			Version: "2.0", RouteKey: step.method + " /products/{id}", PathParameters: map[string]string{"id": "tea"}, Body: step.body,
		})
		require.NoError(t, err)
		got, err := f.invoke(t.Context(), runtimeapi.Invocation{Payload: payload})
		require.NoError(t, err)
		assert.Equal(t, step.status, got.Status, "%s %s", step.method, got.Body)
		if step.method == http.MethodGet && got.Status == http.StatusOK {
			assert.JSONEq(t, `{"name":"Tea","priceCents":400}`, got.Body)
		}
	}
	f.end(t)
	assert.Contains(t, f.Log(), "end: <nil>")
}
