// Package secrets reads a token from AWS Secrets Manager, or from where it lies
// during development, within a strict time budget, with errors that say what
// is wrong and where, and without a way for the token into a log.
//
//	package main
//
//	import (
//		"context"
//		"log"
//
//		"github.com/aws/aws-sdk-go-v2/config"
//		"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
//
//		"github.com/warmclient/warmclient/lazyclient"
//		"github.com/warmclient/warmclient/secrets"
//	)
//
//	var manager = lazyclient.Holder[*secretsmanager.Client]{
//		Name: "secrets manager",
//		Open: func(ctx context.Context) (*secretsmanager.Client, error) {
//			cfg, err := config.LoadDefaultConfig(ctx)
//			if err != nil {
//				return nil, err
//			}
//			return secrets.NewClient(cfg), nil
//		},
//	}
//
//	var token = lazyclient.Holder[secrets.Token]{
//		Name: "momento token",
//		Open: func(ctx context.Context) (secrets.Token, error) {
//			api, err := manager.Get(ctx)
//			if err != nil {
//				return secrets.Token{}, err
//			}
//			src := secrets.SecretsManager{API: api, ID: "accounts/MomentoAuthToken"}
//			return secrets.Load(ctx, src, "MOMENTO_AUTH_TOKEN")
//		},
//	}
//
//	func main() {
//		t, err := token.Get(context.Background()) // the first call fetches, later ones do not
//		if err != nil {
//			log.Fatal(err) // names the secret, the region, the key, and what is wrong
//		}
//		log.Print(t)               // REDACTED
//		_ = "Bearer " + t.Reveal() // the one way to the text
//	}
//
// Nothing here caches: whoever holds what a token opens decides when to read it
// again. A lazyclient.Holder does so once per process, and anew after a rotation.
//
// # Time
//
// A fetch takes one second at most unless Timeout says otherwise, whatever goes
// wrong: credentials, connecting, attempts, the pauses between them, and reading
// all count. A client of [NewClient] makes three attempts with pauses of up to
// 100 ms, so that a fault that shows at once (a refused connection, a 5xx, a
// throttled request) is reported in a fraction of the second, and one that
// passes is not reported at all. There is no limit on one attempt: an answer
// that takes 900 ms is used. When time runs out, the error holds what went wrong
// in the attempt before, beside [ErrTimeout] and [context.DeadlineExceeded].
//
// # Creating the secret
//
// Write the secret to a file that only you can read; a command line ends up in
// the shell's history.
//
//	$ cat token.json
//	{"MOMENTO_AUTH_TOKEN": "..."}
//	$ aws secretsmanager create-secret --name accounts/MomentoAuthToken \
//	      --secret-string file://token.json
//
// To rotate it, put a new version; AWSCURRENT, which is what is read unless a
// VersionStage is set, moves to it:
//
//	$ aws secretsmanager put-secret-value --secret-id accounts/MomentoAuthToken \
//	      --secret-string file://token.json
//
// # Permissions
//
// [SecretsManager] calls GetSecretValue and nothing else, so the least policy is
//
//	{
//	  "Version": "2012-10-17",
//	  "Statement": [{
//	    "Effect": "Allow",
//	    "Action": "secretsmanager:GetSecretValue",
//	    "Resource": "arn:aws:secretsmanager:us-east-1:123456789012:secret:accounts/MomentoAuthToken-??????"
//	  }]
//	}
//
// The six question marks stand for the characters that Secrets Manager appends
// to a name in its ARN. A secret that is encrypted with a customer-managed key
// instead of aws/secretsmanager needs one statement more:
//
//	{
//	  "Effect": "Allow",
//	  "Action": "kms:Decrypt",
//	  "Resource": "arn:aws:kms:us-east-1:123456789012:key/...",
//	  "Condition": {"StringEquals": {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}}
//	}
//
// and the key's policy must let the account's policies decide, as the default
// one does. The agent behind an [Extension] calls DescribeSecret too, and so
// needs secretsmanager:DescribeSecret beside GetSecretValue.
//
// # Local development
//
// [Env] and [File] are sources as well, so that only one line differs:
//
//	src := secrets.Env{Name: "MOMENTO_AUTH_TOKEN"}    // the text itself: Load(ctx, src, "")
//	src := secrets.File{Path: "token.json"}           // or the same JSON: Load(ctx, src, "MOMENTO_AUTH_TOKEN")
//
// In tests, a [SourceFunc] that returns a [Static] document does.
//
// # The Lambda extension
//
// [Extension] reads through the AWS Parameters and Secrets Lambda Extension or
// the Secrets Manager Agent. What that changes: the answer comes from a cache on
// the machine, so it is faster and costs no request, but it may be the old one
// for up to the cache's TTL after a rotation (300 s unless SECRETS_MANAGER_TTL
// says otherwise), during which reading again does not help; and the Lambda
// extension does not answer in the Init phase, so open the holder in the first
// request instead of warming it. Where the token is read once per process, as
// above, the extension saves nothing.
//
// # Redaction
//
// A [Token] or [Document] prints as REDACTED, whatever prints it; where a printer
// cannot call methods, it finds the address of a func. Errors name the secret,
// the region and the key, but quote neither the secret nor a decoder that does.
// The SDK's own log leaves out the answer's body, even where the client asks for
// it with aws.LogResponseWithBody.
package secrets
