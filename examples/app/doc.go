// Package app is the common part of the six example functions: the clients, the settings, the
// conversion between API Gateway events and handlers, and the log. A function then contains only
// its handler:
//
//	package main
//
//	import (
//		"context"
//
//		"github.com/warmclient/warmclient/accounts"
//		"github.com/warmclient/warmclient/examples/app"
//	)
//
//	func main() { app.Start("GET /users/{username}", app.With(&app.Accounts, getUser)) }
//
//	func getUser(ctx context.Context, service *accounts.Service, r *app.Request) (any, error) {
//		user, err := service.GetUser(ctx, r.PathValue("username"))
//		if err != nil {
//			return nil, err
//		}
//		return map[string]accounts.User{"user": user}, nil
//	}
//
// # Environment
//
//	TABLE_NAME          the DynamoDB table; required
//	CACHE_NAME          the Momento cache; unset: no cache
//	MOMENTO_ENDPOINT    Momento's endpoint of your region, which a v2 API key needs; a loopback
//	                    host:port is a local server
//	MOMENTO_SECRET_ID   name or ARN of the secret with Momento's API key; unset:
//	                    accounts/MomentoAuthToken
//	MOMENTO_SECRET_KEY  the member that holds the key, where the secret is a JSON object; unset:
//	                    MOMENTO_AUTH_TOKEN; set but empty: none
//	CACHE_ENDPOINT      host:port of a Valkey or Redis server, in place of Momento; over TLS, but on
//	                    loopback
//	CACHE_USERNAME      the user there, on Momento Cache (Cluster and Flex) the database; unset: the
//	                    default user
//	CACHE_SECRET_ID     name or ARN of the secret with the password, as text or as the member password
//	                    of a JSON object; unset: no password
//	DEMO_TRUST_AUTHORIZATION_HEADER
//	                    "true": the Authorization header is the caller's username, unproven; for local runs
//	AWS_LAMBDA_LOG_LEVEL
//	                    TRACE, DEBUG, INFO, WARN, ERROR or FATAL, as Lambda sets it; unset: INFO
//
// and the AWS SDK's own, such as AWS_REGION and AWS_ENDPOINT_URL_DYNAMODB. They are read when a
// client is opened or a request needs them, the log level when the process starts. A setting that
// cannot work is one line at ERROR, which names the variable.
package app
