package accounts

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/warmclient/warmclient/internal/awshttp"
)

// NewDynamoDBClient returns a client whose connects and retries fit the time
// limits of a [Service]: one second for a dial and one for the TLS handshake,
// and at most three attempts, at most 100 ms apart. The SDK's own would be 30 s,
// 10 s, and seconds apart. A Retryer of cfg is kept, and opts are applied last.
func NewDynamoDBClient(cfg aws.Config, opts ...func(*dynamodb.Options)) *dynamodb.Client {
	return dynamodb.NewFromConfig(cfg, append([]func(*dynamodb.Options){func(o *dynamodb.Options) {
		o.HTTPClient = awshttp.LimitConnect(o.HTTPClient)
		if cfg.Retryer == nil {
			o.Retryer = awshttp.Retryer(3, awshttp.HalfJitter(100*time.Millisecond))
			o.RetryMaxAttempts = 0 // of cfg: the client would apply it after all options
		}
	}}, opts...)...)
}
