package accounts_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/accounts"
)

func config(url string) aws.Config {
	return aws.Config{
		Region:       "eu-central-1",
		BaseEndpoint: &url,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}, nil
		}),
	}
}

func TestClientRetriesWithinTheTimeOfARead(t *testing.T) {
	var attempts atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if attempts.Add(1) < 3 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = w.Write([]byte(`{"Item":{"username":{"S":"ann"}}}`))
	}))
	defer server.Close()
	s := newService(t, accounts.NewDynamoDBClient(config(server.URL)), accounts.Options{LoadTimeout: 10 * time.Second})
	u, err := s.GetUser(t.Context(), "ann")
	require.NoError(t, err)
	assert.Equal(t, "ann", u.Username)
	assert.EqualValues(t, 3, attempts.Load())
}

func TestClientKeepsAnOwnRetryerAndOptionsComeLast(t *testing.T) {
	cfg := config("")
	own := aws.NopRetryer{}
	cfg.Retryer = func() aws.Retryer { return own }
	assert.Equal(t, 1, accounts.NewDynamoDBClient(cfg).Options().Retryer.MaxAttempts())
	client := accounts.NewDynamoDBClient(config(""), func(o *dynamodb.Options) {
		o.Retryer = retry.AddWithMaxAttempts(retry.NewStandard(), 7)
	})
	assert.Equal(t, 7, client.Options().Retryer.MaxAttempts())
}
