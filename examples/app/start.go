package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/warmclient/warmclient/lazyclient"
)

const (
	// warmTimeout limits the wait for DynamoDB. Lambda ends the Init phase after 10s.
	// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
	warmTimeout = 2 * time.Second

	// Lambda kills the process 500ms after SIGTERM. It sends SIGTERM only to a process that has
	// registered an internal extension (same source).
	closeTimeout = 250 * time.Millisecond
)

// Start runs a function. It warms the clients, serves the route with h while Lambda sends requests,
// and closes the clients when Lambda ends the process. It does not return.
func Start(route string, h Handler) {
	// The Lambda runtime logs only errors with package log. They are logged at ERROR.
	slog.SetLogLoggerLevel(slog.LevelError)
	slog.SetDefault(NewLogger(os.Stderr))
	f := New(route, h)
	tableErr, cacheErr := warmUp(context.Background())
	for _, err := range []error{tableErr, cacheErr} {
		if err != nil {
			// A failed warm-up is not fatal: the first request opens the missing clients, and reads
			// load from DynamoDB without Momento.
			slog.Log(context.Background(), levelOf(err), "warm-up", "error", err.Error())
		}
	}
	lambda.StartWithOptions(f, lambda.WithEnableSIGTERM(func() {
		if err := Close(context.Background()); err != nil {
			slog.Warn("close", "error", err.Error())
		}
		os.Exit(0) // otherwise the runtime waits for the next request
	}))
}

// Warm opens the clients and their connections before the first request. It opens DynamoDB in
// parallel with the secret and then Momento. It waits at most 2s for DynamoDB, and then at most
// 250ms for the cache, or 2s with provisioned concurrency. If the cache is not open by then, its
// open continues during the first request. Warm returns the errors of failed opens.
func Warm(ctx context.Context) error {
	tableErr, cacheErr := warmUp(ctx)
	return errors.Join(tableErr, cacheErr)
}

func warmUp(ctx context.Context) (tableErr, cacheErr error) {
	cacheCtx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	warmed := make(chan error, 1)
	if _, client := cache(); client == nil {
		warmed <- nil
	} else {
		go func() { warmed <- lazyclient.WarmAll(cacheCtx, client) }()
	}
	tableCtx, cancel := context.WithTimeout(ctx, warmTimeout)
	defer cancel()
	tableErr = lazyclient.WarmAll(tableCtx, table{})

	timer := time.AfterFunc(cacheWait(), func() { stop(errStillOpening) })
	defer timer.Stop()
	if cacheErr = <-warmed; errors.Is(cacheErr, errStillOpening) {
		cacheErr = nil
	}
	return tableErr, cacheErr
}

var errStillOpening = errors.New("app: the cache is still opening")

// cacheWait returns how long Warm waits for the cache.
func cacheWait() time.Duration {
	// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
	if os.Getenv("AWS_LAMBDA_INITIALIZATION_TYPE") == "provisioned-concurrency" {
		return 2 * time.Second
	}
	return 250 * time.Millisecond
}

// table is a Warmer for the connection to DynamoDB.
type table struct{}

func (table) Warm(ctx context.Context) error {
	service, err := Accounts.Get(ctx)
	if err != nil {
		return err
	}
	return tableError(service.Ping(ctx))
}

// Close closes the clients permanently, within 250ms.
func Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	return lazyclient.CloseAll(ctx, &Accounts, &Momento, &Valkey, &SecretsManager, &DynamoDB, &AWS)
}
