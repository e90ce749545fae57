// Package warmclient lists the packages of a module for services on AWS Lambda. It has no code.
//
//   - [github.com/warmclient/warmclient/lazyclient] opens a client once per process, on first use,
//     and shares it. It imports the standard library only.
//   - [github.com/warmclient/warmclient/secrets] reads a token from AWS Secrets Manager, its Lambda
//     extension, a file or the environment.
//   - [github.com/warmclient/warmclient/secrets/parameterstore] reads it from Parameter Store.
//   - [github.com/warmclient/warmclient/secrets/secretstest] is a Secrets Manager for tests.
//   - [github.com/warmclient/warmclient/readaside] puts a cache in front of a database, for entities
//     that change.
//   - [github.com/warmclient/warmclient/readaside/momentocache] is such a cache on Momento, and opens
//     its client. [github.com/warmclient/warmclient/readaside/momentocache/momentotest] is a Momento
//     server for tests.
//   - [github.com/warmclient/warmclient/readaside/cachetest] tests implementations of a cache, and
//     has one in memory.
//   - [github.com/warmclient/warmclient/awsconfig] makes an aws.Config for a process that is frozen
//     and thawed.
//   - [github.com/warmclient/warmclient/accounts] keeps users, organizations and memberships in
//     DynamoDB, on readaside.
//
// Two modules are beside it. github.com/warmclient/warmclient/readaside/valkeycache is a cache on
// Valkey or Redis. github.com/warmclient/warmclient/examples has the functions of a whole service,
// to be copied, and runs it on one machine without any account: go run ./examples/local.
package warmclient
