// Package secrets reads a token from AWS Secrets Manager, from its Lambda extension, or, during
// development, from a file or a variable. A read ends within a time limit, its errors say what is
// wrong and where, and the token gets into no log.
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
// A [Source] returns a [Document], and a [Token] is a text of it. Load does both steps. Package
// parameterstore has a source for AWS Systems Manager Parameter Store, and package secretstest a
// Secrets Manager for tests.
//
// Nothing here caches. Read the secret inside the Open of the client that needs it, held in a
// lazyclient.Holder: it is read once per process, and again after a rotation.
//
// # Time
//
// A fetch takes one second at most unless Timeout is set. Credentials, connecting, three attempts,
// the pauses between them, and reading the answer all count. There is no limit for one attempt. A
// timeout is [ErrTimeout] and [context.DeadlineExceeded]. It names the host and what the fetch
// waited for, and holds the error of the attempt before.
//
// # Errors
//
// Errors are *[Error]. [errors.Is] tells their kinds apart: a missing secret is ErrNotFound, a
// missing permission ErrAccessDenied, and so on. They name the secret, the region and the key.
//
// # Redaction
//
// A [Token] or [Document] prints as REDACTED, whatever prints it. A printer that cannot call
// methods finds the address of a func. Errors hold no piece of a secret, nor of an answer that does
// not decode. The SDK logs nothing during a fetch, whatever the client's Logger and ClientLogMode,
// and the client of [NewClient] keeps no connection on which net/http would print what arrives
// late. [Token.Reveal] and [Document.Bytes] return the secret, and [Document.Decode] writes it into
// a value of yours.
//
// The permissions that each source needs, rotation, and the choice of a source are in
// docs/secrets.md.
package secrets
