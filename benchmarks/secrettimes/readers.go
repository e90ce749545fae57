package secrettimes

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	aws1 "github.com/aws/aws-sdk-go/aws"
	credentials1 "github.com/aws/aws-sdk-go/aws/credentials"
	session1 "github.com/aws/aws-sdk-go/aws/session"
	secretsmanager1 "github.com/aws/aws-sdk-go/service/secretsmanager"
	caching1 "github.com/aws/aws-secretsmanager-caching-go/secretcache"
	caching2 "github.com/aws/aws-secretsmanager-caching-go/v2/secretcache"

	"github.com/warmclient/warmclient/lazyclient"
	"github.com/warmclient/warmclient/secrets"
)

// Ours is the name of the contender that is not a peer.
const Ours = "warmclient/secrets"

// Read returns the secret's text.
type Read func(ctx context.Context) (string, error)

// contender reads secrets from the server at an endpoint. All settings have their defaults, except
// those for the endpoint.
type contender struct {
	name  string
	new   func(endpoint string) Read
	limit time.Duration // of the caller's context; 0 means the requested one
}

func contenders() []contender {
	return []contender{
		{name: "AWS SDK", new: readSDK},
		{name: "AWS SDK, 1 s context", new: readSDK, limit: time.Second},
		{name: "secretsmanager-caching-go v1.2.0", new: CachingV1},
		{name: "secretsmanager-caching-go v2.0.0", new: CachingV2},
		{name: Ours, new: readOurs},
	}
}

// sharers are the contenders that a program calls on every request. Most of them keep the secret.
func sharers() []contender {
	return []contender{
		{name: "AWS SDK", new: readSDK},
		{name: "secretsmanager-caching-go v1.2.0", new: CachingV1},
		{name: "secretsmanager-caching-go v2.0.0", new: CachingV2},
		{name: Ours + " in a Holder", new: Held},
	}
}

var keys = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "SECRET"}, nil
})

func config(endpoint string) aws.Config {
	return aws.Config{Region: "us-east-1", Credentials: keys, BaseEndpoint: &endpoint}
}

func readSDK(endpoint string) Read {
	client := secretsmanager.NewFromConfig(config(endpoint))
	return func(ctx context.Context) (string, error) {
		out, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(secretID)})
		if err != nil {
			return "", err
		}
		return aws.ToString(out.SecretString), nil
	}
}

// CachingV1 reads with the caching library for version 1 of the SDK.
func CachingV1(endpoint string) Read {
	client := secretsmanager1.New(session1.Must(session1.NewSession(&aws1.Config{
		Region:      new("us-east-1"),
		Endpoint:    new(endpoint),
		Credentials: credentials1.NewStaticCredentials("AKID", "SECRET", ""),
		// Otherwise a session modifies the shared http.DefaultClient if AWS_CA_BUNDLE is set.
		HTTPClient: new(http.Client),
	})))
	cache, err := caching1.New(func(c *caching1.Cache) { c.Client = client })
	return func(ctx context.Context) (string, error) {
		if err != nil {
			return "", err
		}
		return cache.GetSecretStringWithContext(ctx, secretID)
	}
}

// CachingV2 reads with the caching library for version 2 of the SDK.
func CachingV2(endpoint string) Read {
	client := secretsmanager.NewFromConfig(config(endpoint))
	cache, err := caching2.New(func(c *caching2.Cache) { c.Client = client })
	return func(ctx context.Context) (string, error) {
		if err != nil {
			return "", err
		}
		return cache.GetSecretStringWithContext(ctx, secretID)
	}
}

func source(endpoint string) secrets.Source {
	return secrets.SecretsManager{API: secrets.NewClient(config(endpoint)), ID: secretID}
}

func readOurs(endpoint string) Read {
	src := source(endpoint)
	return func(ctx context.Context) (string, error) {
		token, err := secrets.Load(ctx, src, "")
		if err != nil {
			return "", err
		}
		return token.Reveal(), nil
	}
}

// Held reads once with package secrets, and keeps the token in a holder.
func Held(endpoint string) Read {
	src := source(endpoint)
	holder := &lazyclient.Holder[secrets.Token]{
		Name: "token",
		Open: func(ctx context.Context) (secrets.Token, error) { return secrets.Load(ctx, src, "") },
	}
	return func(ctx context.Context) (string, error) {
		token, err := holder.Get(ctx)
		if err != nil {
			return "", err
		}
		return token.Reveal(), nil
	}
}
