package emulator_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/momentohq/client-sdk-go/momento"
	"github.com/momentohq/client-sdk-go/responses"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/warmclient/warmclient/examples/internal/emulator"
)

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

func TestCacheReturnsWhatWasSet(t *testing.T) {
	server, client := startMomento(t)
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
	server, client := startMomento(t)
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
	assert.Equal(t, []string{"long"}, server.Keys(cache))

	_, err = client.Set(t.Context(), &momento.SetRequest{
		CacheName: cache, Key: momento.String("k"), Value: momento.String("v"), Ttl: 25 * time.Hour,
	})
	requireMomento(t, err, momento.InvalidArgumentError)
}

func TestConditionalSetsFollowTheirCondition(t *testing.T) {
	_, client := startMomento(t)
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
	server, client := startMomento(t)
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
		wg.Go(func() { server.Put(cache, fmt.Sprint(i), nil, time.Minute); server.Keys(cache) })
	}
	wg.Wait()
	assert.EqualValues(t, 1, stored.Load())
	assert.Equal(t, 200, server.Requests("SetIf"))
}

func TestResetEndsEveryCallOnTheConnection(t *testing.T) {
	server, client := startMomento(t)
	server.Inject(
		emulator.Fault{Op: "Set", Action: emulator.Hang},
		emulator.Fault{Op: "Get", Action: emulator.Reset},
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

func TestGarbageIsNoEmptyAnswer(t *testing.T) {
	server, client := startMomento(t)
	server.Inject(emulator.Fault{Action: emulator.Garbage})
	// The SDK takes an empty answer to a Set for success.
	_, err := client.Set(t.Context(), &momento.SetRequest{CacheName: cache, Key: momento.String("k"), Value: momento.String("v")})
	requireMomento(t, err, momento.InternalServerError)
	assert.Empty(t, server.Keys(cache))
}

func TestUnknownCacheIsNotFound(t *testing.T) {
	server, client := startMomento(t)
	get := &momento.GetRequest{CacheName: "nope", Key: momento.String("k")}
	_, err := client.Get(t.Context(), get)
	requireMomento(t, err, momento.CacheNotFoundError)

	server.CreateCache("nope")
	_, err = client.Get(t.Context(), get)
	require.NoError(t, err)
}

func TestCallsThatAreNotServedAreUnimplemented(t *testing.T) {
	_, client := startMomento(t)
	_, err := client.Increment(t.Context(), &momento.IncrementRequest{CacheName: cache, Field: momento.String("k"), Amount: 1})
	requireMomento(t, err, momento.BadRequestError)
}

func TestOnlyTheCurrentTokenIsAcceptedOnLiveConnectionsToo(t *testing.T) {
	server, old := startMomento(t)
	_, _, err := cacheGet(t, old, "k")
	require.NoError(t, err)

	for name, token := range map[string]string{
		"api key":        emulator.NewToken(time.Now().Add(time.Hour)),
		"without expiry": emulator.NewToken(time.Time{}),
		"legacy":         emulator.NewLegacyToken(time.Now().Add(time.Hour)),
	} {
		t.Run(name, func(t *testing.T) {
			require.NotEqual(t, token, server.Token())
			server.SetToken(token)
			_, _, err = cacheGet(t, old, "k")
			requireMomento(t, err, momento.AuthenticationError)

			_, _, err = cacheGet(t, momentoClient(t, server, token), "k")
			require.NoError(t, err)
		})
	}
}

func TestItemsCanBePlantedBeneathTheProtocol(t *testing.T) {
	server, client := startMomento(t)
	server.Put(cache, "k", []byte("not an envelope"), time.Minute)
	got, hit, err := cacheGet(t, client, "k")
	require.NoError(t, err)
	assert.True(t, hit)
	assert.Equal(t, "not an envelope", string(got))

	value, ok := server.Value(cache, "k")
	assert.True(t, ok)
	assert.Equal(t, "not an envelope", string(value))
	server.CreateCache(cache)
	_, ok = server.Value(cache, "k")
	assert.False(t, ok, "creating a cache anew empties it")
	assert.Equal(t, 1, server.Requests(""))
}

func TestStatusesOfMomentoReachTheSDK(t *testing.T) {
	server, client := startMomento(t)
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
			server.Inject(emulator.Fault{Op: "Get", Action: emulator.Fail, Status: int(c.status), Code: c.trailer, Times: 1})
			_, _, err := cacheGet(t, client, "k")
			requireMomento(t, err, c.want)
			_, _, err = cacheGet(t, client, "k")
			require.NoError(t, err, "the fault was for one request")
		})
	}
}
