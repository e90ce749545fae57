package app

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/momentohq/client-sdk-go/momento"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/awsconfig"
	"github.com/warmclient/warmclient/lazyclient"
	"github.com/warmclient/warmclient/readaside/momentocache"
	"github.com/warmclient/warmclient/secrets"
)

// The clients of the process. Each is opened on first use or by [Warm], and shared by all requests.
var (
	// AWS is the SDK's configuration.
	AWS = lazyclient.Holder[aws.Config]{Name: "aws config", Open: awsconfig.Load, Observe: logHolder}

	// DynamoDB is the client of the table.
	DynamoDB = lazyclient.Holder[*dynamodb.Client]{Name: "dynamodb", Open: openDynamoDB, Observe: logHolder}

	// SecretsManager is used once, and again when the API key is rotated.
	SecretsManager = lazyclient.Holder[*secretsmanager.Client]{
		Name: "secrets manager", Open: openSecretsManager, Observe: logHolder,
	}

	// Momento is the client of the cache. When the service refuses its API key or its connection
	// has died, the secret is read again and a new client replaces it.
	Momento = lazyclient.Holder[momento.CacheClient]{
		Name:    "momento",
		Open:    openMomento,
		Release: momentocache.Release,
		Stale:   momentocache.IsStale,
		Observe: logMomento,
	}

	// Accounts is the service. It does not wait for Momento: while Momento is being opened or is
	// down, reads load from DynamoDB.
	Accounts = lazyclient.Holder[*accounts.Service]{Name: "accounts", Open: openAccounts, Observe: logHolder}
)

func openDynamoDB(ctx context.Context) (*dynamodb.Client, error) {
	cfg, err := AWS.Get(ctx)
	if err != nil {
		return nil, err
	}
	return accounts.NewDynamoDBClient(cfg), nil
}

func openSecretsManager(ctx context.Context) (*secretsmanager.Client, error) {
	cfg, err := AWS.Get(ctx)
	if err != nil {
		return nil, err
	}
	return secrets.NewClient(cfg), nil
}

func openMomento(ctx context.Context) (momento.CacheClient, error) {
	api, err := SecretsManager.Get(ctx)
	if err != nil {
		return nil, err
	}
	opener := momentocache.Opener{
		Source:   secrets.SecretsManager{API: api, ID: secretID()},
		Key:      secretKey(),
		Endpoint: momentoEndpoint(),
		Cache:    cacheName(),
		// Reads of the service must see finished writes.
		ConsistentReads: true,
	}
	client, err := opener.Open(ctx)
	return client, momentoError(err)
}

func openAccounts(ctx context.Context) (*accounts.Service, error) {
	table := tableName()
	if table == "" {
		return nil, &settingError{"TABLE_NAME", errors.New("app: TABLE_NAME is not set")}
	}
	db, err := DynamoDB.Get(ctx)
	if err != nil {
		return nil, err
	}
	options := accounts.Options{Observe: observe}
	options.Cache, _ = cache()
	return accounts.New(db, table, options)
}
