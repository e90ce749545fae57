// Package awsconfig makes an [aws.Config] for a process that is frozen and thawed, as functions on
// AWS Lambda are.
//
//	cfg, err := awsconfig.Load(ctx)
//	if err != nil {
//		return err
//	}
//	queue := sqs.NewFromConfig(cfg)
//
// Where an answer is usually quick, a limit on each attempt lets a call survive a connection that
// died while the process was frozen:
//
//	cfg = awsconfig.Tune(cfg, awsconfig.Options{AttemptTimeout: 500 * time.Millisecond})
//
// # Connections
//
// A dial, name resolution included, takes at most one second, and a TLS handshake another; the SDK
// would wait for 30 and 10 seconds. A connection that has been idle for 45 seconds is not used
// again. Time in a freeze counts. Services and NAT gateways drop idle connections after a minute or
// more, some without telling.
//
// A connection may still be dead when a call is sent on it. Without AttemptTimeout the call waits
// until its context ends. With it, the attempt ends, and it and all calls that begin later use new
// connections: so one attempt pays for all the connections that died in a freeze, and over HTTP/2
// the dead connection is not used again.
//
// # Retries
//
// A call is attempted up to ten times while its context lasts, so it needs a deadline. The pauses
// are random: up to 25 ms before the second attempt, up to twice that before the third, and so on
// to 400 ms. What is retried is what the SDK's standard mode retries, and status 429. There is no
// quota of retries, which a client whose service failed for a while would have spent for good. The
// settings AWS_MAX_ATTEMPTS and AWS_RETRY_MODE do not apply.
//
// # What stays
//
// An HTTP client that is not the SDK's BuildableClient is used as it is, and so is a Retryer. Of a
// BuildableClient, the limits that are stricter are kept, and so are the dial functions, TLS
// settings, proxy and timeout; its read timeout is not. DefaultsMode changes nothing about the HTTP
// client.
//
// # Loading
//
// [Load] is the SDK's LoadDefaultConfig, except on Lambda, where the environment says it all: there
// it opens no file, and returns the configuration that LoadDefaultConfig would return where no file
// exists. Package config of the SDK links the providers of credentials that a function on Lambda
// does not use. A program that calls [Tune] alone links them too.
package awsconfig
