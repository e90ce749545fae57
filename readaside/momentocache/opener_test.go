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

// opener returns an Opener with a new key.
func opener(t testing.TB, endpoint string) momentocache.Opener {
	return momentocache.Opener{Source: secret(t, jwt(t, claims{"t": "g"})), Key: member, Endpoint: endpoint}
}

// goroutines counts the goroutines that run a function whose name contains part.
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

// requireNoClientLeft waits until no goroutine of a gRPC client is left. The names are specific,
// because the server also uses package transport.
func requireNoClientLeft(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		return goroutines("grpc.(*ClientConn)")+goroutines("grpc.(*addrConn)")+goroutines("grpc.(*ccBalancerWrapper)")+
			goroutines("grpcsync.(*CallbackSerializer)")+goroutines("transport.newHTTP2Client")+
			goroutines("transport.NewHTTP2Client")+goroutines("(*http2Client)") == 0
	}, 5*time.Second, 10*time.Millisecond)
}

func TestOpenConnectsWithOneGet(t *testing.T) {
	s := newServer(t, "accounts")
	client, err := s.opener(t).Open(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, s.Requests("Get"))
	assert.Equal(t, 1, s.Requests(""))

	_, err = client.Set(t.Context(), &momento.SetRequest{CacheName: "accounts", Key: momento.String("k"), Value: momento.String("v")})
	require.NoError(t, err)
	assert.EqualValues(t, 1, s.listener.accepted.Load(), "the connection that Open made is the one in use")

	require.NoError(t, momentocache.Release(t.Context(), client))
	requireNoClientLeft(t)
}

func TestACacheThatDoesNotExistIsNamedByOpen(t *testing.T) {
	s := newServer(t, "accounts")
	o := s.opener(t)
	o.Cache = "acounts"
	_, err := o.Open(t.Context())
	require.ErrorContains(t, err, `Opener.Cache: there is no cache "acounts"`)
	require.ErrorContains(t, err, s.addr)
	require.NotContains(t, err.Error(), "\n")
	requireNoClientLeft(t)

	o.Cache = "accounts"
	client, err := o.Open(t.Context())
	require.NoError(t, err)
	client.Close()
}

func TestACacheNameThatCannotBeIsAnErrorOfOpen(t *testing.T) {
	s := newServer(t, "accounts")
	o := s.opener(t)
	o.Cache = " "
	_, err := o.Open(t.Context())
	require.ErrorContains(t, err, `Opener.Cache " ": InvalidArgumentError: `)
	requireNoClientLeft(t)

	s.Inject(fail(codes.InvalidArgument, "the name is too long"))
	o.Cache = strings.Repeat("a", 256)
	_, err = o.Open(t.Context())
	require.ErrorContains(t, err, "the name is too long")
}

func TestConsistentReadsDoNotLag(t *testing.T) {
	s := newServer(t)
	s.SetLag(time.Hour)
	for consistent, want := range map[bool]string{true: "v", false: ""} {
		o := s.opener(t)
		o.ConsistentReads = consistent
		c, _ := cacheOf(t, o)
		require.NoError(t, c.Set(t.Context(), "k", []byte("v"), time.Minute))
		value, err := c.Get(t.Context(), "k")
		require.NoError(t, err)
		assert.Equal(t, want, string(value))
	}
}

func TestAnyAnswerOfTheServiceCountsAsConnected(t *testing.T) {
	for _, code := range []codes.Code{
		codes.NotFound, codes.Unauthenticated, codes.PermissionDenied, codes.ResourceExhausted, codes.InvalidArgument,
		codes.Internal, codes.Unknown, codes.FailedPrecondition, codes.Unimplemented, codes.Canceled, codes.DeadlineExceeded,
	} {
		t.Run(code.String(), func(t *testing.T) {
			s := newServer(t)
			s.Inject(fail(code, "no"))
			client, err := s.opener(t).Open(t.Context())
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
	require.ErrorContains(t, err, ": ServerUnavailableError: ")
	assert.ErrorContains(t, err, "connection refused")
	assert.NotErrorIs(t, err, context.DeadlineExceeded)
	assert.NotContains(t, err.Error(), "\n")
	assert.Less(t, time.Since(start), 20*time.Second)
	requireNoClientLeft(t)
}

func TestOpenFailsWhenTheServiceCallsItselfUnavailable(t *testing.T) {
	s := newServer(t)
	s.Inject(fail(codes.Unavailable, "closed for today"))
	_, err := s.opener(t).Open(t.Context())
	require.ErrorContains(t, err, "closed for today")
	requireNoClientLeft(t)
}

// silent accepts connections and does not answer, not even in HTTP/2.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

func TestOpenIsBoundedByConnectTimeoutAndLeavesNoGoroutine(t *testing.T) {
	hanging := newServer(t)
	hanging.Inject(hang)
	const connecting = "while waiting for connections to become ready" // gRPC's words
	for name, addr := range map[string]string{"nothing but a TCP handshake": silent(t), "Get hangs": hanging.addr} {
		t.Run(name, func(t *testing.T) {
			o := opener(t, addr)
			o.ConnectTimeout = 50 * time.Millisecond
			start := time.Now()
			client, err := o.Open(t.Context())
			assert.Less(t, time.Since(start), 3*time.Second)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorContains(t, err, "momentocache: connect to "+addr+": TimeoutError: ")
			assert.Equal(t, addr != hanging.addr, strings.Contains(err.Error(), connecting), "%v", err)
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
	o := s.opener(t)
	o.Config = config.LambdaLatestWithLogger(quiet).WithClientTimeout(50 * time.Millisecond)
	o.ConnectTimeout = 20 * time.Second
	client, err := o.Open(t.Context())
	require.NoError(t, err)
	client.Close()
	assert.EqualValues(t, 1, s.listener.accepted.Load(), "the first dial goes on")
}

func TestOpenReturnsTheSourcesError(t *testing.T) {
	o := momentocache.Opener{Source: secrets.Env{Name: "MOMENTOCACHE_TEST_UNSET"}}
	_, err := o.Open(t.Context())
	require.ErrorIs(t, err, secrets.ErrNotFound)
	require.ErrorContains(t, err, "MOMENTOCACHE_TEST_UNSET")

	_, err = momentocache.Opener{}.Open(t.Context())
	require.EqualError(t, err, "momentocache: Opener.Source is nil")
}

func TestOpenReturnsTheSDKsErrorForAnImpossibleConfig(t *testing.T) {
	o := opener(t, "127.0.0.1:1")
	o.Config = config.LambdaLatestWithLogger(quiet).WithClientTimeout(0)
	_, err := o.Open(t.Context())
	require.ErrorContains(t, err, "momentocache: create the client: InvalidArgumentError")
	requireNoClientLeft(t)
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
			o := newServer(t).opener(t)
			o.Config = tt.config
			client, err := o.Open(t.Context())
			require.NoError(t, err)
			assert.Equal(t, tt.want, goroutines(keepAlive))
			client.Close()
		})
	}
}
