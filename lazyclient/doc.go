// Package lazyclient makes each client of a process once, on first use, and shares it with every caller.
//
//	package main
//
//	import (
//		"context"
//
//		"github.com/aws/aws-lambda-go/lambda"
//		"github.com/aws/aws-sdk-go-v2/config"
//		"github.com/aws/aws-sdk-go-v2/service/dynamodb"
//		"github.com/warmclient/warmclient/lazyclient"
//	)
//
//	var dynamo = lazyclient.Holder[*dynamodb.Client]{Name: "dynamodb", Open: openDynamoDB}
//
//	func openDynamoDB(ctx context.Context) (*dynamodb.Client, error) {
//		cfg, err := config.LoadDefaultConfig(ctx)
//		return dynamodb.NewFromConfig(cfg), err
//	}
//
//	func list(ctx context.Context, client *dynamodb.Client) error {
//		_, err := client.ListTables(ctx, nil)
//		return err
//	}
//
//	func main() { lambda.Start(func(ctx context.Context) error { return dynamo.Use(ctx, list) }) }
//
// A [Holder] is for processes that live long, are frozen and thawed, and serve several requests at once, such as
// functions on AWS Lambda. One bad moment does not poison it: a failed open is shared by those who waited for it
// and those who come within its backoff, and then forgotten; a caller leaves when its own context ends, and the
// open goes on for the others; an open that hangs is given up after Timeout, and the first call after a freeze
// does not wait for what began before it.
//
// Get returns the value. Use also keeps it from being released while a function runs, and replaces it when the
// function's error says that it is stale, as when a token was rotated. [WarmAll] opens several holders before the
// first request, and [CloseAll] closes them before the process ends.
//
// The only goroutines are those of opens and, in Close, of a Release, so a process that is thawed has no other
// work in hand.
//
// # When sync.OnceValues is enough
//
// If the value cannot fail to open, or the process should end when it does, if opening takes no noticeable time,
// and if the value is good for as long as the process lives, use [sync.OnceValues]: a compiled template, a parsed
// configuration. It keeps an error for the life of the process, and its callers cannot leave.
package lazyclient
