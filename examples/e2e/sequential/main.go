// Command sequential is the function getuser with the usual initialization: LoadDefaultConfig, then
// one client after the other. It is the baseline of the start benchmarks.
package main

import (
	"context"
	"log"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/momentohq/client-sdk-go/momento"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/examples/app"
	"github.com/warmclient/warmclient/lazyclient"
	"github.com/warmclient/warmclient/readaside/momentocache"
	"github.com/warmclient/warmclient/secrets"
)

func main() {
	slog.SetDefault(app.NewLogger(os.Stderr))
	service, err := setUp(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	f := app.New("GET /users/{username}", func(ctx context.Context, r *app.Request) (any, error) {
		user, err := service.GetUser(ctx, r.PathValue("username"))
		if err != nil {
			return nil, err
		}
		return map[string]accounts.User{"user": user}, nil
	})
	lambda.StartWithOptions(f, lambda.WithEnableSIGTERM(func() { os.Exit(0) }))
}

func setUp(ctx context.Context) (*accounts.Service, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	opener := momentocache.Opener{
		Source:   secrets.SecretsManager{API: secrets.NewClient(cfg), ID: os.Getenv("MOMENTO_SECRET_ID")},
		Key:      os.Getenv("MOMENTO_SECRET_KEY"),
		Endpoint: os.Getenv("MOMENTO_ENDPOINT"),
	}
	client, err := opener.Open(ctx)
	if err != nil {
		return nil, err
	}
	holder := lazyclient.Of[momento.CacheClient](client)
	service, err := accounts.New(accounts.NewDynamoDBClient(cfg), os.Getenv("TABLE_NAME"), accounts.Options{
		Cache: &momentocache.Cache{Client: holder, Name: os.Getenv("CACHE_NAME")},
	})
	if err != nil {
		return nil, err
	}
	return service, service.Ping(ctx)
}
