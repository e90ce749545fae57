package valkeycache_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/readaside/valkeycache"
)

func config(provider aws.CredentialsProvider) aws.Config {
	return aws.Config{Region: "eu-central-1", Credentials: provider}
}

func keys(id string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: id, SecretAccessKey: "secret-key-of-" + id, SessionToken: "session-of-" + id}, nil
	})
}

func TestAnIAMTokenIsASignedRequestToConnect(t *testing.T) {
	for _, serverless := range []bool{false, true} {
		user, token, err := valkeycache.ElastiCacheIAM(config(keys("AKID")), "app-user", "My-Cache", serverless)(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "app-user", user)
		u, err := url.Parse("http://" + token)
		require.NoError(t, err)
		assert.Equal(t, "my-cache/", u.Host+u.Path, "the name as ElastiCache has it")
		q := u.Query()
		want := map[string]string{
			"Action": "connect", "User": "app-user", "X-Amz-Expires": "900", "X-Amz-Security-Token": "session-of-AKID",
			"X-Amz-SignedHeaders": "host", "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
		}
		if serverless {
			want["ResourceType"] = "ServerlessCache"
		}
		for name, value := range want {
			assert.Equal(t, value, q.Get(name), name)
		}
		assert.Equal(t, serverless, q.Has("ResourceType"))
		at, err := time.Parse("20060102T150405Z", q.Get("X-Amz-Date"))
		require.NoError(t, err)
		assert.WithinDuration(t, time.Now(), at, time.Minute)
		assert.Equal(t, "AKID/"+at.Format("20060102")+"/eu-central-1/elasticache/aws4_request", q.Get("X-Amz-Credential"))

		// The service signs what it has got, and compares.
		signature := q.Get("X-Amz-Signature")
		for name := range q {
			if _, given := want[name]; !given || name == "X-Amz-Algorithm" || name == "X-Amz-SignedHeaders" || name == "X-Amz-Security-Token" {
				q.Del(name)
			}
		}
		u.RawQuery = q.Encode()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.String(), nil)
		require.NoError(t, err)
		credentials, err := keys("AKID").Retrieve(t.Context())
		require.NoError(t, err)
		again, _, err := v4.NewSigner().PresignHTTP(t.Context(), credentials, r, fmt.Sprintf("%x", sha256.Sum256(nil)), "elasticache", "eu-central-1", at)
		require.NoError(t, err)
		assert.Contains(t, again, "X-Amz-Signature="+signature)
	}
}

func TestAnIAMTokenIsSignedForEachConnection(t *testing.T) {
	p := startProxy(t, newRedis(t).Addr(), nil)
	var tokens []string
	p.inject(func(args []string) (string, bool) {
		if args[0] == "AUTH" {
			tokens = append(tokens, args[2])
		}
		return "+OK\r\n", args[0] == "AUTH"
	})
	n := 0
	provider := aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		n++ // the role's credentials change, too
		return keys(fmt.Sprint("AKID", n)).Retrieve(ctx)
	})
	c, _ := cacheOf(t, valkeycache.Opener{Address: p.addr, Credentials: valkeycache.ElastiCacheIAM(config(provider), "app-user", "cache", true)})
	for range 2 {
		require.NoError(t, c.Set(t.Context(), "k", nil, time.Minute))
		p.cutAll()
	}
	require.NoError(t, c.Set(t.Context(), "k", nil, time.Minute))
	require.Len(t, tokens, 3)
	for i, token := range tokens {
		assert.Contains(t, token, fmt.Sprintf("AKID%d%%2F", i+1))
	}
}

func TestAnIAMTokenThatCannotBeSignedIsAnError(t *testing.T) {
	denied := errors.New("no role")
	refuses := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, denied })
	for want, credentials := range map[string]func(context.Context) (string, string, error){
		"no role":                            valkeycache.ElastiCacheIAM(config(refuses), "app-user", "cache", false),
		"the configuration has no region":    valkeycache.ElastiCacheIAM(aws.Config{Credentials: keys("A")}, "app-user", "cache", false),
		"configuration has no credentials":   valkeycache.ElastiCacheIAM(config(nil), "app-user", "cache", false),
		"user and cluster are required":      valkeycache.ElastiCacheIAM(config(keys("A")), "", "cache", false),
		`token for user "app-user" of "": u`: valkeycache.ElastiCacheIAM(config(keys("A")), "app-user", "", false),
	} {
		_, _, err := credentials(t.Context())
		require.ErrorContains(t, err, want)
	}
	_, err := valkeycache.Opener{Address: newRedis(t).Addr(), Credentials: valkeycache.ElastiCacheIAM(config(refuses), "app-user", "cache", false)}.Open(t.Context())
	require.ErrorIs(t, err, denied)
	require.EqualError(t, err, `valkeycache: get the credentials: sign an IAM token for user "app-user" of "cache": no role`)
}
