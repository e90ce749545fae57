// Package warmclient is the map of a module for services on AWS Lambda: it makes each client of a process once,
// loads its token within a time limit, and puts a cache in front of DynamoDB that cannot hurt a request.
// The package itself is empty; import the ones that do the work:
//
//   - [github.com/warmclient/warmclient/lazyclient] opens a client once per process, on first use, and shares it. It
//     imports the standard library alone.
//   - [github.com/warmclient/warmclient/secrets] reads a token from AWS Secrets Manager, its Lambda extension, a file or
//     the environment.
//   - [github.com/warmclient/warmclient/accounts] keeps users, organizations and memberships in DynamoDB, read aside
//     through a cache.
//   - [github.com/warmclient/warmclient/readaside/momentocache] is that cache on Momento, and the opener of its client.
//
// What they promise:
//
//   - A failed open, a panic or a freeze is forgotten: after a short backoff the process tries again.
//   - A caller that leaves takes nobody with it, and work that is shared ends by its own time limit.
//   - A secret is in no log, error or format verb.
//   - The cache can be slow, unreachable, hung or corrupt: a request is answered from DynamoDB, in time.
//   - No goroutine outlives the work that it was started for, as far as the code it calls obeys its context.
//
// The module github.com/warmclient/warmclient/examples has the functions of a whole service, to be copied, and
// runs it on one machine without any account: go run ./examples/local.
package warmclient
