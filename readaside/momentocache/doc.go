// Package momentocache makes a cache of the Momento service an accounts.Cache,
// and opens the client for it within a time budget.
//
//	package main
//
//	import (
//		"context"
//		"log"
//
//		"github.com/aws/aws-lambda-go/lambda"
//		"github.com/aws/aws-sdk-go-v2/config"
//		"github.com/momentohq/client-sdk-go/momento"
//		"github.com/warmclient/warmclient/accounts"
//		"github.com/warmclient/warmclient/readaside/momentocache"
//		"github.com/warmclient/warmclient/lazyclient"
//		"github.com/warmclient/warmclient/secrets"
//	)
//
//	func main() {
//		cfg, err := config.LoadDefaultConfig(context.Background())
//		if err != nil {
//			log.Fatal(err)
//		}
//		opener := momentocache.Opener{
//			Source: secrets.SecretsManager{API: secrets.NewClient(cfg), ID: "accounts/MomentoAuthToken"},
//			Key:    "MOMENTO_AUTH_TOKEN",
//		}
//		client := &lazyclient.Holder[momento.CacheClient]{
//			Name:    "momento",
//			Open:    opener.Open,
//			Release: momentocache.Release,
//			Stale:   momentocache.IsAuthError,
//		}
//		service, err := accounts.New(accounts.NewDynamoDBClient(cfg), "accounts", accounts.Options{
//			Cache: &momentocache.Cache{Client: client, Name: "accounts"},
//		})
//		if err != nil {
//			log.Fatal(err)
//		}
//		lambda.Start(func(ctx context.Context, in struct{ Username string }) (accounts.User, error) {
//			return service.GetUser(ctx, in.Username)
//		})
//	}
//
// Nothing is fetched or dialled before the first request needs it; client.Warm
// does it earlier. While the client is being opened, or cannot be, the service
// reads from DynamoDB.
//
// # A rotated token
//
// The service refuses calls with a token that was revoked. IsAuthError, as the
// holder's Stale, lets the holder fetch the secret again, open a client with the
// new token, and repeat the call. Calls that are under way on the old client end
// before it is closed.
//
// # What is secret
//
// No error, log line or format verb shows the token or a piece of it: of an answer
// that refuses the token only the code is kept, and from any other what may be a JWT
// is cut out. Errors about a token name its secret and key.
//
// # Freezing
//
// Between requests a Lambda process is frozen, so gRPC keep-alives, which would
// close a good connection because nobody was awake to answer, are off. A
// connection that died meanwhile is found out by use: see [Cache].
package momentocache
