package valkeycache

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const (
	// ElastiCache accepts a token for at most 15 minutes.
	tokenSeconds = "900"
	// emptyHash is the SHA-256 of the request's body, which is empty.
	emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// ElastiCacheIAM returns a function for [Opener.Credentials] that signs an IAM token of ElastiCache
// for user and cluster. The name and the ID of user must be equal. cluster is the ID of a
// replication group, or the name of a serverless cache if serverless is true. The role of the
// process must have the permission elasticache:Connect on both.
//
// The function signs a new token for each connection with the credentials and the region of cfg,
// without a request. A token is valid for 15 minutes, which limits only the authentication.
// ElastiCache closes a connection 12 hours after its authentication: set the MaxAge of the holder
// to a shorter time.
//
// See https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html.
func ElastiCacheIAM(cfg aws.Config, user, cluster string, serverless bool) func(context.Context) (username, password string, err error) {
	return func(ctx context.Context) (string, string, error) {
		token, err := elastiCacheToken(ctx, cfg, user, cluster, serverless)
		if err != nil {
			return "", "", fmt.Errorf("sign an IAM token for user %q of %q: %w", user, cluster, err)
		}
		return user, token, nil
	}
}

func elastiCacheToken(ctx context.Context, cfg aws.Config, user, cluster string, serverless bool) (string, error) {
	switch {
	case user == "" || cluster == "":
		return "", errors.New("user and cluster are required")
	case cfg.Region == "":
		return "", errors.New("the configuration has no region")
	case cfg.Credentials == nil:
		return "", errors.New("the configuration has no credentials")
	}
	credentials, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return "", err
	}
	query := url.Values{"Action": {"connect"}, "User": {user}, "X-Amz-Expires": {tokenSeconds}}
	if serverless {
		query.Set("ResourceType", "ServerlessCache")
	}
	// ElastiCache converts names to lower case.
	target := url.URL{Scheme: "http", Host: strings.ToLower(cluster), Path: "/", RawQuery: query.Encode()}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return "", err
	}
	signed, _, err := v4.NewSigner().PresignHTTP(ctx, credentials, r, emptyHash, "elasticache", cfg.Region, time.Now())
	if err != nil {
		return "", err
	}
	return strings.TrimPrefix(signed, "http://"), nil
}
