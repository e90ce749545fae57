package emulator_test

import (
	"context"
	"encoding/json"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/momentohq/client-sdk-go/momento"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/internal/emulator"
)

func TestStackHoldsWhatItsEnvironmentNames(t *testing.T) {
	stack, err := emulator.Start(emulator.Options{Table: "t", Cache: "c", SecretID: "s/m", SecretKey: "TOKEN"})
	require.NoError(t, err)
	defer stack.Close()
	for _, entry := range stack.Environ() {
		name, value, ok := strings.Cut(entry, "=")
		require.True(t, ok)
		t.Setenv(name, value)
	}

	// The SDKs as a function of the examples would configure them: from the environment alone.
	cfg, err := config.LoadDefaultConfig(t.Context())
	require.NoError(t, err)
	out, err := dynamodb.NewFromConfig(cfg).GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: aws.String(os.Getenv("TABLE_NAME")), Key: key("a", "b"),
	})
	require.NoError(t, err)
	assert.Nil(t, out.Item)
	secret, err := secretsmanager.NewFromConfig(cfg).GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{
		SecretId: aws.String(os.Getenv("MOMENTO_SECRET_ID")),
	})
	require.NoError(t, err)
	var members map[string]string
	require.NoError(t, json.Unmarshal([]byte(aws.ToString(secret.SecretString)), &members))
	require.Equal(t, stack.Momento.Key(), members[os.Getenv("MOMENTO_SECRET_KEY")])
	require.Equal(t, os.Getenv("MOMENTO_ENDPOINT"), stack.Momento.Addr())
	get := &momento.GetRequest{CacheName: os.Getenv("CACHE_NAME"), Key: momento.String("k")}
	client := momentoClient(t, stack.Momento)
	_, err = client.Get(t.Context(), get)
	require.NoError(t, err)

	stack.RotateKey()
	_, err = client.Get(t.Context(), get)
	requireMomento(t, err, momento.AuthenticationError)
	_, err = momentoClient(t, stack.Momento).Get(t.Context(), get)
	require.NoError(t, err)
}

func TestStacksRunBesideEachOther(t *testing.T) {
	first, err := emulator.Start(emulator.Options{})
	require.NoError(t, err)
	defer first.Close()
	second, err := emulator.Start(emulator.Options{})
	require.NoError(t, err)
	defer second.Close()
	assert.NotEqual(t, first.Environ(), second.Environ())
	assert.NotEqual(t, first.Momento.Key(), second.Momento.Key())
	require.NoError(t, first.Close())
	_, err = dynamoDBClient(second.DynamoDB).GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: aws.String("accounts"), Key: key("a", "b"),
	})
	require.NoError(t, err)
}

func TestCloseEndsHungRequestsAndLeavesNoGoroutine(t *testing.T) {
	stack, err := emulator.Start(emulator.Options{})
	require.NoError(t, err)
	mom := momentoClient(t, stack.Momento)
	connects := stack.Momento.Requests("")
	hang := emulator.Fault{Action: emulator.Hang}
	stack.DynamoDB.Inject(hang)
	stack.SecretsManager.Inject(hang)
	stack.Momento.Inject(hang)

	ddb, sm := dynamoDBClient(stack.DynamoDB), secretsClient(stack.SecretsManager)
	calls := []func(ctx context.Context) error{
		func(ctx context.Context) error { _, err := ddb.GetItem(ctx, getUser("ada")); return err },
		func(ctx context.Context) error {
			_, err := sm.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(secretID)})
			return err
		},
		func(ctx context.Context) error {
			_, err := mom.Get(ctx, &momento.GetRequest{CacheName: cache, Key: momento.String("k")})
			return err
		},
	}
	answers := make(chan error)
	for _, call := range calls {
		go func() { answers <- call(within(t, time.Minute)) }()
	}
	require.Eventually(t, func() bool {
		return stack.DynamoDB.Requests("")+stack.SecretsManager.Requests("")+stack.Momento.Requests("") == len(calls)+connects
	}, 5*time.Second, time.Millisecond)

	require.NotEmpty(t, servingGoroutines())
	start := time.Now()
	require.NoError(t, stack.Close())
	assert.Less(t, time.Since(start), 5*time.Second)
	for range calls {
		require.Error(t, <-answers)
	}
	// A goroutine that has closed its connection may need a moment to return.
	require.Eventually(t, func() bool { return len(servingGoroutines()) == 0 }, 5*time.Second, time.Millisecond)
	require.NoError(t, stack.Close(), "closing again does nothing")

	for _, call := range calls {
		require.Error(t, call(within(t, time.Second)))
	}
}

// servingGoroutines returns the stacks of the goroutines that serve for this package. Those of the
// tests before have ended with their servers.
func servingGoroutines() []string {
	buf := make([]byte, 4<<20)
	var serving []string
	for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(stack, "/internal/emulator.") || strings.Contains(stack, "/internal/faults.") || strings.Contains(stack, "net/http.(*conn).serve") ||
			strings.Contains(stack, "grpc.(*Server)") {
			serving = append(serving, stack)
		}
	}
	return serving
}

// held returns the number of requests that wait in a fault.
func held() int {
	n := 0
	for _, stack := range servingGoroutines() {
		if strings.Contains(stack, "/internal/faults.hold(") {
			n++
		}
	}
	return n
}
