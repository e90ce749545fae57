// Package lazyclient makes each client of a process on first use and shares it with every caller.
//
//	var dynamo = lazyclient.Holder[*dynamodb.Client]{
//		Name: "dynamodb",
//		Open: func(ctx context.Context) (*dynamodb.Client, error) {
//			cfg, err := awsconfig.Load(ctx)
//			return dynamodb.NewFromConfig(cfg), err
//		},
//	}
//
//	func handle(ctx context.Context) error {
//		client, err := dynamo.Get(ctx)
//		...
//
// A [Holder] is for processes that live long, are frozen and thawed, and serve several requests at
// once, such as functions on AWS Lambda. A failed open is shared by the callers that waited for it
// and those that come within its backoff; the next caller opens again. Canceling one caller does
// not cancel the open that others wait for. An open that hangs is abandoned after Timeout.
//
// Get returns the value. Use also keeps it from being released while a function runs, and replaces
// it when the function's error says that it is stale. TryUse does not wait: while the value is
// being opened it returns ErrOpening. [WarmAll] opens several holders at the start, [CloseAll]
// closes them at the end.
//
// # Age and expiry
//
// A value older than MaxAge is served while one open in the background replaces it. A value past
// Expires is not served: callers wait for the next one. After a freeze, the old value is served
// until its refresh succeeds. For a token, set Expires to the end of its life and MaxAge to less.
//
// # Values made from other holders' values
//
// A client that is made from a token lives longer than the token. If the token has a holder of its
// own, replacing the client alone does not help: its Open gets the old token again.
//
//	Open: func(ctx context.Context) (*Client, error) {
//		token, err := tokenHolder.Get(ctx) // wrong: still the old token after a rotation
//		...
//
// Read the secret in the client's Open, and give the client's holder the Stale:
//
//	Open: func(ctx context.Context) (*Client, error) {
//		token, err := secrets.Load(ctx, source, "TOKEN") // right: read anew for each client
//		...
//
// # Goroutines
//
// The only goroutines are those of opens and releases, and a timer's when an open overruns. They
// are bounded by Timeout, as far as Open and Release return when their context is done.
package lazyclient
