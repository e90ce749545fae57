package momentocache_test

import (
	"context"
	"errors"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/momentohq/client-sdk-go/config"
	"github.com/momentohq/client-sdk-go/config/logger"
	"github.com/momentohq/client-sdk-go/momento"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/warmclient/warmclient/readaside/momentocache"
	"github.com/warmclient/warmclient/secrets"
)

var quiet = logger.NewNoopMomentoLoggerFactory()

func opener(t testing.TB, endpoint string) momentocache.Opener {
	return momentocache.Opener{Source: secret(t, goodToken(t)), Key: secretKey, Endpoint: endpoint}
}

// goroutines counts those that run a function whose name contains part.
func goroutines(part string) int {
	buf := make([]byte, 1<<20)
	stacks := strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n")
	n := 0
	for _, stack := range stacks {
		if strings.Contains(stack, part) {
			n++
		}
	}
	return n
}

// requireNoClientLeft waits until no goroutine of a gRPC client is left. The
// server's end is of package transport too, hence the narrow names.
func requireNoClientLeft(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		return goroutines("grpc.(*ClientConn)")+goroutines("grpc.(*addrConn)")+goroutines("grpc.(*ccBalancerWrapper)")+
			goroutines("grpcsync.(*CallbackSerializer)")+goroutines("transport.newHTTP2Client")+
			goroutines("transport.NewHTTP2Client")+goroutines("(*http2Client)") == 0
	}, 5*time.Second, 10*time.Millisecond)
}

// closed takes the error of a Release of a client. On a busy machine a close may take longer than Release waits, and
// then goes on.
func closed(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	}
}

func TestOpenConnectsWithOneGet(t *testing.T) {
	s := newServer(t)
	client, err := opener(t, s.addr).Open(t.Context())
	require.NoError(t, err)
	calls := s.seen()
	require.Len(t, calls, 1)
	assert.Equal(t, "Get", calls[0].method)
	assert.NotEmpty(t, calls[0].cache, "the service wants a cache named, though any name will do")

	_, err = client.Set(t.Context(), &momento.SetRequest{CacheName: "accounts", Key: momento.String("k"), Value: momento.String("v")})
	require.NoError(t, err)
	assert.EqualValues(t, 1, s.listener.accepted.Load(), "the connection that Open made is the one in use")

	closed(t, momentocache.Release(t.Context(), client))
	requireNoClientLeft(t)
}

func TestAnyAnswerOfTheServiceCountsAsConnected(t *testing.T) {
	for _, code := range []codes.Code{
		codes.NotFound, codes.Unauthenticated, codes.PermissionDenied, codes.ResourceExhausted, codes.InvalidArgument,
		codes.Internal, codes.Unknown, codes.FailedPrecondition, codes.Unimplemented, codes.Canceled, codes.DeadlineExceeded,
	} {
		t.Run(code.String(), func(t *testing.T) {
			s := newServer(t)
			s.inject(fail(code, "no"))
			client, err := opener(t, s.addr).Open(t.Context())
			require.NoError(t, err)
			client.Close()
		})
	}
}

func TestOpenFailsAtOnceWhereNothingListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	o := opener(t, l.Addr().String())
	o.ConnectTimeout = time.Minute
	start := time.Now()
	_, err = o.Open(t.Context())
	require.ErrorContains(t, err, "momentocache: connect: ServerUnavailableError: ")
	assert.ErrorContains(t, err, "connection refused")
	assert.NotErrorIs(t, err, context.DeadlineExceeded)
	assert.NotContains(t, err.Error(), "\n")
	assert.Less(t, time.Since(start), 20*time.Second)
	requireNoClientLeft(t)
}

func TestOpenFailsWhenTheServiceCallsItselfUnavailable(t *testing.T) {
	s := newServer(t)
	s.inject(fail(codes.Unavailable, "closed for today"))
	_, err := opener(t, s.addr).Open(t.Context())
	require.ErrorContains(t, err, "closed for today")
	requireNoClientLeft(t)
}

// silent accepts connections and says nothing, not even in HTTP/2.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

func TestOpenIsBoundedByConnectTimeoutAndLeavesNoGoroutine(t *testing.T) {
	hanging := newServer(t)
	hanging.inject(hang)
	for name, addr := range map[string]string{"nothing but a TCP handshake": silent(t), "Get hangs": hanging.addr} {
		t.Run(name, func(t *testing.T) {
			o := opener(t, addr)
			o.ConnectTimeout = 50 * time.Millisecond
			start := time.Now()
			client, err := o.Open(t.Context())
			assert.Less(t, time.Since(start), 3*time.Second)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorContains(t, err, "momentocache: connect: TimeoutError: ")
			assert.Nil(t, client)
			requireNoClientLeft(t)
		})
	}
}

func TestTheDefaultConnectTimeoutIsTwoSeconds(t *testing.T) {
	start := time.Now()
	_, err := opener(t, silent(t)).Open(t.Context())
	require.ErrorIs(t, err, context.DeadlineExceeded)
	// The SDK's own timeout would end the Get after 1.1 s.
	assert.Greater(t, time.Since(start), 1900*time.Millisecond)
	assert.Less(t, time.Since(start), 4500*time.Millisecond)
}

func TestOpenReturnsTheCauseOfItsContextsEndAndLeavesNoGoroutine(t *testing.T) {
	shutdown := errors.New("shutting down")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(50*time.Millisecond, func() { cancel(shutdown) })
	o := opener(t, silent(t))
	o.ConnectTimeout = time.Minute
	start := time.Now()
	_, err := o.Open(ctx)
	assert.Less(t, time.Since(start), 10*time.Second)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, shutdown)
	assert.Contains(t, err.Error(), "shutting down")
	requireNoClientLeft(t)
}

func TestOpenWaitsLongerThanTheSDKsTimeoutForACall(t *testing.T) {
	s := newServer(t)
	s.listener.slow.Store(int64(300 * time.Millisecond))
	o := opener(t, s.addr)
	o.Config = config.LambdaLatestWithLogger(quiet).WithClientTimeout(50 * time.Millisecond)
	o.ConnectTimeout = 20 * time.Second
	client, err := o.Open(t.Context())
	require.NoError(t, err)
	client.Close()
	assert.EqualValues(t, 1, s.listener.accepted.Load(), "the first dial goes on")
}

func TestEndpointMustBeALoopbackAddress(t *testing.T) {
	fetched := false
	o := momentocache.Opener{Source: secrets.SourceFunc(func(context.Context) (secrets.Document, error) {
		fetched = true
		return secrets.Document{}, errors.New("fetched")
	})}
	for _, endpoint := range []string{
		"127.0.0.1:8080", "127.1.2.3:1", "localhost:65535", "LocalHost:80", "[::1]:8080", "[::ffff:127.0.0.1]:80",
	} {
		o.Endpoint = endpoint
		_, err := o.Open(t.Context())
		require.EqualError(t, err, "momentocache: fetch the token: fetched", endpoint)
	}

	fetched = false
	for endpoint, want := range map[string]string{
		"10.0.0.1:8080":                  "not a loopback address",
		"0.0.0.0:8080":                   "not a loopback address",
		"cache.example.com:443":          "not a loopback address",
		"localhost.example.com:443":      "not a loopback address",
		"127.0.0.1@example.com:443":      "not a loopback address",
		"127.0.0.1.example.com:443":      "not a loopback address",
		"[2001:db8::1]:443":              "not a loopback address",
		":8080":                          "not a loopback address",
		"http://127.0.0.1:8080":          "host:port",
		"127.0.0.1":                      "host:port",
		"::1:8080":                       "host:port",
		"127.0.0.1:":                     "port",
		"127.0.0.1:0":                    "port",
		"127.0.0.1:65536":                "port",
		"127.0.0.1:80/../../example.com": "port",
	} {
		o.Endpoint = endpoint
		_, err := o.Open(t.Context())
		require.ErrorContains(t, err, want, endpoint)
		require.ErrorContains(t, err, "momentocache: Opener.Endpoint")
	}
	assert.False(t, fetched, "a wrong endpoint is found before the secret is fetched")
}

func TestOpenReturnsTheSourcesError(t *testing.T) {
	o := momentocache.Opener{Source: secrets.Env{Name: "MOMENTOCACHE_TEST_UNSET"}}
	_, err := o.Open(t.Context())
	require.ErrorIs(t, err, secrets.ErrNotFound)
	require.ErrorContains(t, err, "MOMENTOCACHE_TEST_UNSET")

	_, err = momentocache.Opener{}.Open(t.Context())
	require.EqualError(t, err, "momentocache: Opener.Source is nil")

	o = opener(t, "127.0.0.1:1")
	o.Key = "ANOTHER_KEY"
	_, err = o.Open(t.Context())
	require.ErrorIs(t, err, secrets.ErrNoKey)
	require.ErrorContains(t, err, "ANOTHER_KEY")
}

func TestOpenReturnsTheSDKsErrorForAnImpossibleConfig(t *testing.T) {
	o := opener(t, "127.0.0.1:1")
	o.Config = config.LambdaLatestWithLogger(quiet).WithClientTimeout(0)
	_, err := o.Open(t.Context())
	require.ErrorContains(t, err, "momentocache: create the client: InvalidArgumentError")
	requireNoClientLeft(t)
}

func TestDefaultTTLIsOneMinuteAndClamped(t *testing.T) {
	for given, want := range map[time.Duration]time.Duration{
		0:                time.Minute,
		-time.Second:     time.Minute,
		time.Microsecond: time.Millisecond,
		time.Hour:        time.Hour,
		48 * time.Hour:   24 * time.Hour,
	} {
		s := newServer(t)
		o := opener(t, s.addr)
		o.DefaultTTL = given
		client, err := o.Open(t.Context())
		require.NoError(t, err)
		s.seen()
		_, err = client.Set(t.Context(), &momento.SetRequest{CacheName: "accounts", Key: momento.String("k"), Value: momento.String("v")})
		require.NoError(t, err)
		assert.Equal(t, want, s.seen()[0].ttl, "DefaultTTL %v", given)
		client.Close()
	}
}

func TestKeepAlivesAreOffUnlessConfigAsksForThem(t *testing.T) {
	const keepAlive = "(*http2Client).keepalive"
	tests := map[string]struct {
		config config.Configuration
		want   int
	}{
		"nil":          {nil, 0},
		"for Lambda":   {config.LambdaLatestWithLogger(quiet), 0},
		"for a laptop": {config.LaptopLatestWithLogger(quiet), 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			requireNoClientLeft(t)
			o := opener(t, newServer(t).addr)
			o.Config = tt.config
			client, err := o.Open(t.Context())
			require.NoError(t, err)
			assert.Equal(t, tt.want, goroutines(keepAlive))
			client.Close()
		})
	}
}
