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
	// warmTimeout bounds the wait for DynamoDB. Lambda ends the Init phase after 10 s.
	// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
	warmTimeout = 2 * time.Second

	// Lambda kills the process 500 ms after SIGTERM where it has registered an internal extension,
	// as it does to be sent SIGTERM at all (ibid.).
	closeTimeout = 250 * time.Millisecond
)

// Start is the whole main of a function: it warms the clients, answers the route with h for as long
// as Lambda sends requests, and closes the clients when Lambda ends the process. It does not
// return.
func Start(route string, h Handler) {
	// What the Lambda runtime logs with package log are errors. No level but FATAL hides them.
	slog.SetLogLoggerLevel(slog.LevelError)
	slog.SetDefault(NewLogger(os.Stderr))
	f := New(route, h)
	tableErr, cacheErr := warmUp(context.Background())
	for _, err := range []error{tableErr, cacheErr} {
		if err != nil {
			// Not fatal: a request opens what is missing, and DynamoDB answers without Momento.
			slog.Log(context.Background(), levelOf(err), "warm-up", "error", err.Error())
		}
	}
	lambda.StartWithOptions(f, lambda.WithEnableSIGTERM(func() {
		if err := Close(context.Background()); err != nil {
			slog.Warn("close", "error", err.Error())
		}
		os.Exit(0) // the runtime would wait for the next request
	}))
}

// Warm opens the clients in parallel, the connections included, so that the first request finds
// them: one leg is DynamoDB, the other the secret and then Momento with its key. It waits for
// DynamoDB, for at most 2s, and from then on for the cache for 250ms, or 2s where instances are
// provisioned. The cache goes on opening beside the first request. Warm returns the errors of what
// failed.
func Warm(ctx context.Context) error {
	tableErr, cacheErr := warmUp(ctx)
	return errors.Join(tableErr, cacheErr)
}

func warmUp(ctx context.Context) (tableErr, cacheErr error) {
	cacheCtx, leave := context.WithCancelCause(ctx)
	defer leave(nil)
	warmed := make(chan error, 1)
	if _, client := cache(); client == nil {
		warmed <- nil
	} else {
		go func() { warmed <- lazyclient.WarmAll(cacheCtx, client) }()
	}
	tableCtx, cancel := context.WithTimeout(ctx, warmTimeout)
	defer cancel()
	tableErr = lazyclient.WarmAll(tableCtx, table{})

	timer := time.AfterFunc(cacheWait(), func() { leave(errStillOpening) })
	defer timer.Stop()
	if cacheErr = <-warmed; errors.Is(cacheErr, errStillOpening) {
		cacheErr = nil
	}
	return tableErr, cacheErr
}

var errStillOpening = errors.New("app: the cache is still opening")

// cacheWait returns for how long Warm waits for the cache.
func cacheWait() time.Duration {
	// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
	if os.Getenv("AWS_LAMBDA_INITIALIZATION_TYPE") == "provisioned-concurrency" {
		return 2 * time.Second
	}
	return 250 * time.Millisecond
}

// table warms the connection to DynamoDB.
type table struct{}

func (table) Warm(ctx context.Context) error {
	service, err := Accounts.Get(ctx)
	if err != nil {
		return err
	}
	return tableError(service.Ping(ctx))
}

// Close closes the clients for good, within 250 ms.
func Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	return lazyclient.CloseAll(ctx, &Accounts, &Momento, &Valkey, &SecretsManager, &DynamoDB, &AWS)
}
