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
	// ElastiCache takes a token for 15 minutes, and never for longer.
	tokenSeconds = "900"
	// emptyHash is the SHA-256 of the request's body, which is empty.
	emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// ElastiCacheIAM returns an [Opener.Credentials] that signs an IAM token of ElastiCache for user,
// whose name and id must be the same, on cluster: the id of a replication group, or the name of a
// serverless cache, where serverless must be true. The process's role needs the permission
// elasticache:Connect on both.
//
// A token is signed for each connection, without a request, with credentials and region of cfg, and
// is not kept. It is valid for 15 minutes, which is for the connecting alone. ElastiCache closes a
// connection 12 hours after it was authenticated so: give the holder a MaxAge below that.
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
	// ElastiCache's names are in lower case, whatever they were typed as.
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
