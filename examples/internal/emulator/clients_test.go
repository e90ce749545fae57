package emulator_test

import (
	"context"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
	"github.com/momentohq/client-sdk-go/config"
	"github.com/momentohq/client-sdk-go/config/logger"
	"github.com/momentohq/client-sdk-go/config/retry"
	"github.com/momentohq/client-sdk-go/momento"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/internal/emulator"
	"github.com/warmclient/warmclient/readaside/momentocache"
	"github.com/warmclient/warmclient/readaside/momentocache/momentotest"
	"github.com/warmclient/warmclient/secrets"
	"github.com/warmclient/warmclient/secrets/secretstest"
)

func awsConfig() aws.Config {
	return aws.Config{
		Region:           emulator.Region,
		Credentials:      credentials.NewStaticCredentialsProvider("emulator", "emulator", ""),
		RetryMaxAttempts: 1,
	}
}

func startDynamoDB(t *testing.T) (*emulator.DynamoDB, *dynamodb.Client) {
	t.Helper()
	server, err := emulator.StartDynamoDB()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	require.NoError(t, server.CreateTable(table))
	return server, dynamoDBClient(server)
}

func dynamoDBClient(server *emulator.DynamoDB, opts ...func(*dynamodb.Options)) *dynamodb.Client {
	opts = append(opts, func(o *dynamodb.Options) { o.BaseEndpoint = aws.String(server.URL()) })
	return dynamodb.NewFromConfig(awsConfig(), opts...)
}

func startSecretsManager(t *testing.T) (*secretstest.Server, *secretsmanager.Client) {
	t.Helper()
	server := secretstest.NewServer()
	t.Cleanup(server.Close)
	return server, secretsClient(server)
}

func secretsClient(server *secretstest.Server) *secretsmanager.Client {
	return secretsmanager.NewFromConfig(awsConfig(), func(o *secretsmanager.Options) {
		o.BaseEndpoint = aws.String(server.URL)
	})
}

func startMomento(t *testing.T) (*momentotest.Server, momento.CacheClient) {
	t.Helper()
	server := momentotest.NewServer(cache)
	t.Cleanup(server.Close)
	return server, momentoClient(t, server)
}

// momentoClient never retries, so that each call is one request.
func momentoClient(t *testing.T, server *momentotest.Server) momento.CacheClient {
	t.Helper()
	client, err := momentocache.Opener{
		Source: secrets.SourceFunc(func(context.Context) (secrets.Document, error) {
			return secrets.Static(server.Key()), nil
		}),
		Endpoint: server.Addr(),
		Config: config.LambdaLatestWithLogger(logger.NewNoopMomentoLoggerFactory()).
			WithClientTimeout(5 * time.Second).
			WithRetryStrategy(retry.NewNeverRetryStrategy()),
	}.Open(t.Context())
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

const (
	table    = "accounts"
	cache    = "accounts"
	secretID = "accounts/MomentoAuthToken"
)

func s(text string) types.AttributeValue { return &types.AttributeValueMemberS{Value: text} }

func key(pk, sk string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"PK": s(pk), "SK": s(sk)}
}

func user(name, requestID string) map[string]types.AttributeValue {
	item := key("USER#"+name, "USER#"+name)
	item["username"] = s(name)
	item["requestId"] = s(requestID)
	return item
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func port(t *testing.T, addr string) int {
	t.Helper()
	_, text, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

func requireCode(t *testing.T, err error, code string) smithy.APIError {
	t.Helper()
	var apiErr smithy.APIError
	require.ErrorAs(t, err, &apiErr)
	require.Equal(t, code, apiErr.ErrorCode())
	return apiErr
}

// requireMomento asserts the SDK's code of an error, such as momento.TimeoutError.
func requireMomento(t *testing.T, err error, code string) {
	t.Helper()
	var momentoErr momento.MomentoError
	require.ErrorAs(t, err, &momentoErr)
	require.Equal(t, code, momentoErr.Code(), "%v", err)
}
