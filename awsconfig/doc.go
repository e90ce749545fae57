// Package awsconfig returns an [aws.Config] for a process that is frozen and thawed, as functions
// on AWS Lambda are.
//
//	cfg, err := awsconfig.Load(ctx)
//	if err != nil {
//		return err
//	}
//	queue := sqs.NewFromConfig(cfg)
//
// If a service usually answers quickly, set a limit for each attempt. A call then succeeds even if
// its connection died while the process was frozen:
//
//	cfg = awsconfig.Tune(cfg, awsconfig.Options{AttemptTimeout: 500 * time.Millisecond})
//
// # Connections
//
// A dial, name resolution included, takes at most one second, and a TLS handshake takes at most one
// more. The SDK's limits are 30 and 10 seconds. A connection that has been idle for 45 seconds,
// time in a freeze included, is not used again. Services and NAT gateways drop idle connections
// after a minute or more, some of them silently.
//
// A connection may still be dead when a call is sent on it. Without AttemptTimeout, the call waits
// until its context is done. With AttemptTimeout, the attempt ends. Its retry and all calls that
// begin later use new connections, so only one attempt is lost to the connections that died in a
// freeze. Over HTTP/2, too, the dead connection is not used again.
//
// # Retries
//
// A call makes up to ten attempts until its context is done, so the context should have a deadline.
// The pauses are random: up to 25ms before the second attempt, up to twice that before the third,
// and so on up to 400ms. On average the nine pauses take 1.2s in all, so a longer outage ends the
// retries before a later deadline. Calls retry the errors that the SDK's standard mode retries, and
// status 429. There is no retry quota: an outage would exhaust the quota of a client and leave it
// without retries. The settings AWS_MAX_ATTEMPTS and AWS_RETRY_MODE do not apply.
//
// # Settings that are kept
//
// An HTTP client that is not the SDK's BuildableClient is used unchanged, and so is a Retryer. A
// BuildableClient keeps its stricter limits, dial functions, TLS settings, proxy and timeout, but
// not its read timeout. DefaultsMode does not change the HTTP client.
//
// # Loading
//
// [Load] calls the SDK's LoadDefaultConfig, except on Lambda, where the environment holds the whole
// configuration. There, Load opens no file and returns the configuration that LoadDefaultConfig
// returns if no file exists. Importing this package links the SDK's package config and its
// credential providers, which a function on Lambda does not use, even if a program only calls
// [Tune].
package awsconfig
