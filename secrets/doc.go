// Package secrets reads a token from AWS Secrets Manager, from its Lambda extension, or, during
// development, from a file or an environment variable. Each read has a time limit, errors name the
// secret and the cause, and a token prints as REDACTED.
//
//	cfg, err := awsconfig.Load(ctx)
//	if err != nil {
//		return err
//	}
//	src := secrets.SecretsManager{
//		API: secrets.NewClient(cfg),
//		ID:  "accounts/MomentoAuthToken",
//	}
//	token, err := secrets.Load(ctx, src, "MOMENTO_AUTH_TOKEN")
//
// A [Source] returns a [Document], and a [Token] is one text of that document. [Load] does both
// steps. Package parameterstore has a source for AWS Systems Manager Parameter Store, and package
// secretstest a Secrets Manager for tests.
//
// This package does not cache. Read the secret inside the Open function of the lazyclient.Holder
// whose client uses it. The secret is then read once per process, and again after a rotation.
//
// # Time
//
// A fetch has a time limit: Timeout, or one second by default. The limit covers obtaining
// credentials, connecting, up to three attempts, the pauses between them, and reading the answer. A
// single attempt has no limit. The error of a timeout matches [ErrTimeout] and
// [context.DeadlineExceeded]. It names the host and what the fetch waited for, and wraps the error
// of the previous attempt.
//
// # Errors
//
// Errors are *[Error]. Test their kind with [errors.Is]: a missing secret is [ErrNotFound], a
// missing permission is [ErrAccessDenied], and so on. An error names the secret, the region and the
// key.
//
// # Redaction
//
// A [Token] or [Document] prints as REDACTED. A printer that does not call its methods finds only
// the address of a func. Errors contain no part of a secret or of an answer that does not decode.
// The SDK logs nothing during a fetch, regardless of the client's Logger and ClientLogMode. A
// client returned by [NewClient] keeps no idle connection, because net/http logs data that arrives
// on one. [Token.Reveal] and [Document.Bytes] return the secret, and [Document.Decode] stores it in
// a value.
//
// docs/secrets.md describes how to choose a source, the permissions that each source requires, and
// rotation.
package secrets
