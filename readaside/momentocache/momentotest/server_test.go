package momentotest_test

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/momentohq/client-sdk-go/config"
	"github.com/momentohq/client-sdk-go/config/logger"
	"github.com/momentohq/client-sdk-go/momento"
	"github.com/momentohq/client-sdk-go/responses"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/warmclient/warmclient/readaside/momentocache/momentotest"
)

const cache = "accounts"

func TestCacheReturnsWhatWasSet(t *testing.T) {
	server, client := start(t)
	_, hit, err := cacheGet(t, client, "k")
	require.NoError(t, err)
	assert.False(t, hit)

	for _, value := range []string{"v", "", "\x00\xff"} {
		cacheSet(t, client, "k", value, time.Minute)
		got, hit, err := cacheGet(t, client, "k")
		require.NoError(t, err)
		assert.True(t, hit, "%q", value)
		assert.Equal(t, value, string(got))
	}

	_, err = client.Delete(t.Context(), &momento.DeleteRequest{CacheName: cache, Key: momento.String("k")})
	require.NoError(t, err)
	_, hit, err = cacheGet(t, client, "k")
	require.NoError(t, err)
	assert.False(t, hit)

	assert.Equal(t, 5, server.Requests("Get"))
	assert.Equal(t, 3, server.Requests("Set"))
	assert.Equal(t, 1, server.Requests("Delete"))
	assert.Equal(t, 9, server.Requests(""))
}

func TestCacheForgetsAnItemAfterItsTTL(t *testing.T) {
	_, client := start(t)
	cacheSet(t, client, "short", "v", 30*time.Millisecond)
	cacheSet(t, client, "long", "v", time.Hour)
	require.Eventually(t, func() bool {
		_, hit, err := cacheGet(t, client, "short")
		require.NoError(t, err)
		return !hit
	}, 5*time.Second, 5*time.Millisecond)
	_, hit, err := cacheGet(t, client, "long")
	require.NoError(t, err)
	assert.True(t, hit)

	_, err = client.Set(t.Context(), &momento.SetRequest{
		CacheName: cache, Key: momento.String("k"), Value: momento.String("v"), Ttl: 25 * time.Hour,
	})
	requireMomento(t, err, momento.InvalidArgumentError)
}

func TestConditionalSetsFollowTheirCondition(t *testing.T) {
	_, client := start(t)
	k, v, other, next := momento.String("k"), momento.String("v"), momento.String("other"), momento.String("next")
	cases := []struct {
		name                      string
		set                       func(ctx context.Context) (any, error)
		absent, present, presentV any // the answers without an item, beside "other", and beside "v"
	}{
		{"SetIfAbsent", func(ctx context.Context) (any, error) {
			return client.SetIfAbsent(ctx, &momento.SetIfAbsentRequest{CacheName: cache, Key: k, Value: next})
		}, &responses.SetIfAbsentStored{}, &responses.SetIfAbsentNotStored{}, &responses.SetIfAbsentNotStored{}},
		{"SetIfPresent", func(ctx context.Context) (any, error) {
			return client.SetIfPresent(ctx, &momento.SetIfPresentRequest{CacheName: cache, Key: k, Value: next})
		}, &responses.SetIfPresentNotStored{}, &responses.SetIfPresentStored{}, &responses.SetIfPresentStored{}},
		{"SetIfEqual", func(ctx context.Context) (any, error) {
			return client.SetIfEqual(ctx, &momento.SetIfEqualRequest{CacheName: cache, Key: k, Value: next, Equal: v})
		}, &responses.SetIfEqualNotStored{}, &responses.SetIfEqualNotStored{}, &responses.SetIfEqualStored{}},
		{"SetIfNotEqual", func(ctx context.Context) (any, error) {
			return client.SetIfNotEqual(ctx, &momento.SetIfNotEqualRequest{CacheName: cache, Key: k, Value: next, NotEqual: v})
		}, &responses.SetIfNotEqualStored{}, &responses.SetIfNotEqualStored{}, &responses.SetIfNotEqualNotStored{}},
		{"SetIfAbsentOrEqual", func(ctx context.Context) (any, error) {
			return client.SetIfAbsentOrEqual(ctx, &momento.SetIfAbsentOrEqualRequest{CacheName: cache, Key: k, Value: next, Equal: v})
		}, &responses.SetIfAbsentOrEqualStored{}, &responses.SetIfAbsentOrEqualNotStored{}, &responses.SetIfAbsentOrEqualStored{}},
		{"SetIfPresentAndNotEqual", func(ctx context.Context) (any, error) {
			return client.SetIfPresentAndNotEqual(ctx, &momento.SetIfPresentAndNotEqualRequest{CacheName: cache, Key: k, Value: next, NotEqual: v})
		}, &responses.SetIfPresentAndNotEqualNotStored{}, &responses.SetIfPresentAndNotEqualStored{}, &responses.SetIfPresentAndNotEqualNotStored{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, step := range []struct {
				before momento.String
				want   any
			}{{"", c.absent}, {other, c.present}, {v, c.presentV}} {
				_, err := client.Delete(t.Context(), &momento.DeleteRequest{CacheName: cache, Key: k})
				require.NoError(t, err)
				if step.before != "" {
					cacheSet(t, client, "k", string(step.before), time.Minute)
				}
				got, err := c.set(t.Context())
				require.NoError(t, err)
				assert.IsType(t, step.want, got, "beside %q", step.before)
			}
		})
	}
}

func TestConcurrentSetIfAbsentStoresOnce(t *testing.T) {
	server, client := start(t)
	var stored atomic.Int32
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			resp, err := client.SetIfAbsent(t.Context(), &momento.SetIfAbsentRequest{
				CacheName: cache, Key: momento.String("k"), Value: momento.String(fmt.Sprint(i)),
			})
			assert.NoError(t, err)
			if _, ok := resp.(*responses.SetIfAbsentStored); ok {
				stored.Add(1)
			}
		})
	}
	wg.Wait()
	assert.EqualValues(t, 1, stored.Load())
	assert.Equal(t, 200, server.Requests("SetIf"))
}

func TestResetEndsEveryCallOnTheConnection(t *testing.T) {
	server, client := start(t)
	server.Inject(
		momentotest.Fault{Op: "Set", Action: momentotest.Hang},
		momentotest.Fault{Op: "Get", Action: momentotest.Reset},
	)
	answer := make(chan error, 1)
	go func() {
		_, err := client.Set(t.Context(), &momento.SetRequest{CacheName: cache, Key: momento.String("k"), Value: momento.String("v")})
		answer <- err
	}()
	require.Eventually(t, func() bool { return server.Requests("Set") == 1 }, 5*time.Second, time.Millisecond)
	_, _, err := cacheGet(t, client, "k")
	requireMomento(t, err, momento.ServerUnavailableError)
	requireMomento(t, <-answer, momento.ServerUnavailableError)
}

func TestGarbageIsNotAnEmptyAnswer(t *testing.T) {
	server, client := start(t)
	server.Inject(momentotest.Fault{Action: momentotest.Garbage})
	// The SDK takes an empty answer to a Set for success.
	_, err := client.Set(t.Context(), &momento.SetRequest{CacheName: cache, Key: momento.String("k"), Value: momento.String("v")})
	requireMomento(t, err, momento.InternalServerError)
	server.Heal()
	_, hit, err := cacheGet(t, client, "k")
	require.NoError(t, err)
	assert.False(t, hit, "nothing was stored")
}

func TestUnknownCacheIsNotFound(t *testing.T) {
	_, client := start(t)
	_, err := client.Get(t.Context(), &momento.GetRequest{CacheName: "nope", Key: momento.String("k")})
	requireMomento(t, err, momento.CacheNotFoundError)
}

func TestWithoutNamesEveryCacheExists(t *testing.T) {
	server := momentotest.NewServer()
	defer server.Close()
	client := dial(t, server, server.Key(), config.BALANCED)
	cacheSet(t, client, "k", "v", time.Minute)
	_, err := client.Get(t.Context(), &momento.GetRequest{CacheName: "another", Key: momento.String("k")})
	require.NoError(t, err)
}

func TestCallsThatAreNotServedAreUnimplemented(t *testing.T) {
	_, client := start(t)
	_, err := client.Increment(t.Context(), &momento.IncrementRequest{CacheName: cache, Field: momento.String("k"), Amount: 1})
	requireMomento(t, err, momento.BadRequestError)
}

func TestOnlyTheCurrentKeyIsAcceptedOnLiveConnectionsToo(t *testing.T) {
	server, old := start(t)
	_, _, err := cacheGet(t, old, "k")
	require.NoError(t, err)

	before := server.Key()
	next := server.Rotate()
	require.NotEqual(t, before, next)
	require.Equal(t, next, server.Key())
	_, _, err = cacheGet(t, old, "k")
	requireMomento(t, err, momento.AuthenticationError)
	_, _, err = cacheGet(t, dial(t, server, next, config.BALANCED), "k")
	require.NoError(t, err)

	server.Accept("opaque")
	_, _, err = cacheGet(t, dial(t, server, "opaque", config.BALANCED), "k")
	require.NoError(t, err)
}

func TestABalancedReadLagsAndAConsistentOneDoesNot(t *testing.T) {
	server, balanced := start(t)
	consistent := dial(t, server, server.Key(), config.CONSISTENT)
	cacheSet(t, balanced, "k", "old", time.Minute)
	read := func(client momento.CacheClient) string {
		t.Helper()
		value, _, err := cacheGet(t, client, "k")
		require.NoError(t, err)
		return string(value)
	}
	server.SetLag(time.Hour)
	assert.Empty(t, read(balanced), "an hour ago there was nothing")
	assert.Equal(t, "old", read(consistent))

	const lag = 300 * time.Millisecond
	time.Sleep(lag)
	server.SetLag(lag)
	cacheSet(t, balanced, "k", "new", time.Minute)
	assert.Equal(t, "new", read(consistent))
	require.Eventually(t, func() bool { return read(balanced) == "new" }, 5*time.Second, 5*time.Millisecond)

	server.SetLag(time.Hour)
	_, err := balanced.SetIfEqual(t.Context(), &momento.SetIfEqualRequest{
		CacheName: cache, Key: momento.String("k"), Equal: momento.String("new"), Value: momento.String("newer"),
	})
	require.NoError(t, err)
	assert.Equal(t, "newer", read(consistent), "a condition is checked against what is stored now")
	_, err = balanced.Delete(t.Context(), &momento.DeleteRequest{CacheName: cache, Key: momento.String("k")})
	require.NoError(t, err)
	assert.Empty(t, read(consistent))
}

func TestAnotherListenerServesTheSameCache(t *testing.T) {
	server, client := start(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server.Serve(l)
	cacheSet(t, client, "k", "v", time.Minute)

	cfg := config.LambdaLatestWithLogger(logger.NewNoopMomentoLoggerFactory())
	other, err := momento.NewCacheClientWithEagerConnectTimeout(cfg, provider(t, server.Key(), l.Addr().String()), time.Minute, 0)
	require.NoError(t, err)
	defer other.Close()
	value, _, err := cacheGet(t, other, "k")
	require.NoError(t, err)
	assert.Equal(t, "v", string(value))

	server.Close()
	_, err = net.Dial("tcp", l.Addr().String())
	assert.Error(t, err, "Close closes it")
}

func TestStatusesOfMomentoReachTheSDK(t *testing.T) {
	server, client := start(t)
	cases := []struct {
		status  codes.Code
		trailer string
		want    string
	}{
		{codes.OK, "", momento.ServerUnavailableError}, // the zero Status
		{codes.Unavailable, "", momento.ServerUnavailableError},
		{codes.Internal, "", momento.InternalServerError},
		{codes.ResourceExhausted, "operations_rate_limit_exceeded", momento.LimitExceededError},
		{codes.PermissionDenied, "", momento.PermissionError},
		{codes.Unauthenticated, "", momento.AuthenticationError},
		{codes.NotFound, "item_not_found", momento.ItemNotFoundError},
		{codes.NotFound, "", momento.CacheNotFoundError},
	}
	for _, c := range cases {
		t.Run(c.status.String()+c.trailer, func(t *testing.T) {
			server.Inject(momentotest.Fault{Op: "Get", Action: momentotest.Fail, Status: int(c.status), Code: c.trailer, Times: 1})
			_, _, err := cacheGet(t, client, "k")
			requireMomento(t, err, c.want)
			_, _, err = cacheGet(t, client, "k")
			require.NoError(t, err, "the fault was for one request")
		})
	}
}
