package momentotest_test

import (
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/momentohq/client-sdk-go/auth"
	"github.com/momentohq/client-sdk-go/config"
	"github.com/momentohq/client-sdk-go/config/logger"
	"github.com/momentohq/client-sdk-go/config/retry"
	"github.com/momentohq/client-sdk-go/momento"
	"github.com/momentohq/client-sdk-go/responses"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/readaside/momentocache/momentotest"
)

// start returns a server and a client that dials on its first call and never retries, so that each
// call is one request.
func start(t *testing.T) (*momentotest.Server, momento.CacheClient) {
	t.Helper()
	server := momentotest.NewServer(cache)
	t.Cleanup(server.Close)
	return server, dial(t, server, server.Key(), config.BALANCED)
}

func dial(t *testing.T, server *momentotest.Server, key string, concern config.ReadConcern) momento.CacheClient {
	t.Helper()
	cfg := config.LambdaLatestWithLogger(logger.NewNoopMomentoLoggerFactory()).
		WithClientTimeout(5 * time.Second).
		WithRetryStrategy(retry.NewNeverRetryStrategy()).
		WithReadConcern(concern)
	client, err := momento.NewCacheClientWithEagerConnectTimeout(cfg, provider(t, key, server.Addr()), time.Minute, 0)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

// provider wraps a key as a v1 key, which every version of the SDK takes.
func provider(t *testing.T, key, addr string) auth.CredentialProvider {
	t.Helper()
	v1, err := json.Marshal(map[string]string{"endpoint": "momento.invalid", "api_key": key})
	require.NoError(t, err)
	p, err := auth.FromString(base64.StdEncoding.EncodeToString(v1))
	require.NoError(t, err)
	local := auth.Endpoint{Endpoint: addr, InsecureConnection: true}
	p, err = p.WithEndpoints(auth.AllEndpoints{CacheEndpoint: local, ControlEndpoint: local})
	require.NoError(t, err)
	return p
}

func cacheGet(t *testing.T, client momento.CacheClient, name string) ([]byte, bool, error) {
	t.Helper()
	resp, err := client.Get(t.Context(), &momento.GetRequest{CacheName: cache, Key: momento.String(name)})
	if err != nil {
		return nil, false, err
	}
	hit, ok := resp.(*responses.GetHit)
	if !ok {
		return nil, false, nil
	}
	return hit.ValueByte(), true, nil
}

func cacheSet(t *testing.T, client momento.CacheClient, name, value string, ttl time.Duration) {
	t.Helper()
	_, err := client.Set(t.Context(), &momento.SetRequest{
		CacheName: cache, Key: momento.String(name), Value: momento.String(value), Ttl: ttl,
	})
	require.NoError(t, err)
}

// requireMomento asserts the SDK's code of an error, such as momento.TimeoutError.
func requireMomento(t *testing.T, err error, code string) {
	t.Helper()
	var momentoErr momento.MomentoError
	require.ErrorAs(t, err, &momentoErr)
	require.Equal(t, code, momentoErr.Code(), "%v", err)
}
