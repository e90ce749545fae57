package app

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/warmclient/warmclient/lazyclient"
)

const (
	// Lambda ends the Init phase after 10 s, and starts the process anew.
	// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
	warmTimeout = 8 * time.Second

	// Lambda kills the process 500 ms after SIGTERM where it has registered an internal extension, as
	// it does to be sent SIGTERM at all (ibid.).
	closeTimeout = 250 * time.Millisecond
)

// Start is the whole main of a function: it warms the clients, answers the route with h for as long
// as Lambda sends requests, and closes the clients when Lambda ends the process. It does not return.
func Start(route string, h Handler) {
	slog.SetDefault(NewLogger(os.Stderr))
	f := New(route, h)
	if err := Warm(context.Background()); err != nil {
		// Not fatal: what failed is tried again by the first request that needs it, and DynamoDB
		// answers without Momento.
		slog.Warn("warm-up", "error", err.Error())
	}
	lambda.StartWithOptions(f, lambda.WithEnableSIGTERM(func() {
		if err := Close(context.Background()); err != nil {
			slog.Warn("close", "error", err.Error())
		}
		os.Exit(0) // the runtime would wait for the next request
	}))
}

// Warm opens the clients in parallel, the connections included, so that the first request finds
// them: one leg is DynamoDB, the other the secret and then Momento with its token. It takes at most
// eight seconds, and returns what failed.
func Warm(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, warmTimeout)
	defer cancel()
	legs := []lazyclient.Warmer{table{}}
	if cacheName() != "" {
		legs = append(legs, &Momento)
	}
	return lazyclient.WarmAll(ctx, legs...)
}

// table warms the connection to DynamoDB.
type table struct{}

func (table) Warm(ctx context.Context) error {
	service, err := Accounts.Get(ctx)
	if err != nil {
		return err
	}
	return service.Ping(ctx)
}

// Close closes the clients for good, within 250 ms.
func Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	return lazyclient.CloseAll(ctx, &Accounts, &Momento, &SecretsManager, &DynamoDB, &AWS)
}
