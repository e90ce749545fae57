package momentocache_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"testing"
	"time"

	"github.com/momentohq/client-sdk-go/auth"
	"github.com/momentohq/client-sdk-go/config"
	"github.com/momentohq/client-sdk-go/config/logger"
	"github.com/momentohq/client-sdk-go/momento"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/warmclient/warmclient/readaside/momentocache"
)

// captureLog makes slog.Default write to the buffer it returns. Its methods must
// not be used while anything may log.
func captureLog(t *testing.T, level slog.Level) *bytes.Buffer {
	t.Helper()
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	var out bytes.Buffer
	slog.SetDefault(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: level})))
	return &out
}

func TestTheSDKsLogGoesToSlogWithItsInfoAsDebug(t *testing.T) {
	s := newServer(t)
	out := captureLog(t, slog.LevelDebug-4)
	flags := log.Flags()
	log.SetFlags(log.LUTC)
	defer log.SetFlags(flags)

	client, err := opener(t, s.addr).Open(t.Context())
	require.NoError(t, err)
	defer client.Close()
	assert.Contains(t, out.String(), `level=DEBUG msg="momento: Creating cache client with settings`)
	assert.Contains(t, out.String(), "CredentialProvider: REDACTED")
	assert.Contains(t, out.String(), "logger=CacheClient")
	assert.NotContains(t, out.String(), "level=INFO")
	requireNothingOf(t, out.String(), goodToken(t), goodKey(t))
	assert.Equal(t, log.LUTC, log.Flags(), "the SDK's own logger would reset them")

	_, _ = client.CreateCache(t.Context(), &momento.CreateCacheRequest{CacheName: goodKey(t)})
	requireNothingOf(t, out.String(), goodKey(t))

	out.Reset()
	_, err = client.CreateCache(t.Context(), &momento.CreateCacheRequest{CacheName: "accounts"})
	require.Error(t, err)
	assert.Contains(t, out.String(), "level=WARN")
}

func TestTheSDKsLogCostsNothingAtInfo(t *testing.T) {
	s := newServer(t)
	out := captureLog(t, slog.LevelInfo)
	client, err := opener(t, s.addr).Open(t.Context())
	require.NoError(t, err)
	client.Close()
	assert.Empty(t, out.String())
}

// recorder is a logger of the SDK that keeps what a client is made of.
type recorder struct {
	logger.MomentoLogger
	props momento.CacheClientProps
}

func (r *recorder) GetLogger(string) logger.MomentoLogger { return r }
func (r *recorder) Debug(string, ...any)                  {}
func (r *recorder) Info(_ string, args ...any) {
	if props, ok := args[0].(momento.CacheClientProps); ok {
		r.props = props
	}
}

// failures is a testing.T for assertions that are meant to fail.
type failures struct{ text string }

func (f *failures) Errorf(format string, args ...any) { f.text += fmt.Sprintf(format, args...) }

func TestNothingPrintsTheTokenOfAClient(t *testing.T) {
	s := newServer(t)
	rec := &recorder{}
	o := opener(t, s.addr)
	o.Config = config.LambdaLatestWithLogger(rec)
	client, err := o.Open(t.Context())
	require.NoError(t, err)
	defer client.Close()
	provider := rec.props.CredentialProvider
	require.Equal(t, s.seen()[0].token, provider.GetAuthToken())
	moved, err := provider.WithEndpoints(auth.AllEndpoints{CacheEndpoint: auth.Endpoint{Endpoint: "cache.example.com:443"}})
	require.NoError(t, err)
	require.Equal(t, "cache.example.com:443", moved.GetCacheEndpoint())

	for _, v := range []any{provider, moved, &provider, []any{provider}, rec.props, o, client} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
			requireNothingOf(t, fmt.Sprintf(verb, v), goodToken(t), goodKey(t))
		}
	}
	for _, v := range []any{provider, moved} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			assert.Equal(t, "REDACTED", fmt.Sprintf(verb, v))
		}
		assert.Equal(t, "REDACTED", v.(fmt.Stringer).String())

		var out bytes.Buffer
		slog.New(slog.NewJSONHandler(&out, nil)).Info("made", "provider", v)
		assert.Contains(t, out.String(), `"provider":"REDACTED"`)
		text, err := json.Marshal(v)
		require.NoError(t, err)
		// A printer that walks values by reflection.
		var diff failures
		assert.Equal(&diff, v, "something else")
		require.NotEmpty(t, diff.text)
		requireNothingOf(t, out.String()+string(text)+diff.text, goodToken(t), goodKey(t))
	}
}

func TestWithoutEndpointTheHostsOfTheTokenAreUsedOverTLS(t *testing.T) {
	tests := map[string]struct{ token, cache, control string }{
		"v1": {
			v1(t, map[string]string{"endpoint": "cell-1.invalid", "api_key": goodKey(t)}),
			"cache.cell-1.invalid:443", "control.cell-1.invalid:443",
		},
		"JWT": {
			jwt(t, claims{"c": "cache.cell-2.invalid", "cp": "control.cell-2.invalid"}),
			"cache.cell-2.invalid:443", "control.cell-2.invalid:443",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			rec := &recorder{}
			o := momentocache.Opener{Source: secret(t, tt.token), Key: secretKey, ConnectTimeout: time.Millisecond}
			o.Config = config.LambdaLatestWithLogger(rec)
			_, err := o.Open(t.Context())
			require.Error(t, err, "there is no such host")
			p := rec.props.CredentialProvider
			assert.Equal(t, tt.cache, p.GetCacheEndpoint())
			assert.Equal(t, tt.control, p.GetControlEndpoint())
			assert.True(t, p.IsCacheEndpointSecure())
			assert.True(t, p.IsControlEndpointSecure())
		})
	}
}

// quote is a fault: a service that answers with what it was sent.
func quote(code codes.Code) func(context.Context, call) error {
	return func(_ context.Context, c call) error {
		return status.Errorf(code, "bad authorization %q, starting with %s", c.token, c.token[:9])
	}
}

func TestErrorsCarryNoPieceOfATokenThatTheServiceQuotes(t *testing.T) {
	s := newServer(t)
	key := goodKey(t)
	s.inject(quote(codes.Unavailable))
	_, openErr := opener(t, s.addr).Open(t.Context())
	require.Error(t, openErr)

	s.inject(nil)
	c, _ := newCache(t, s)
	_, err := c.Get(t.Context(), "k")
	require.NoError(t, err)
	s.inject(quote(codes.Unauthenticated))
	_, callErr := c.Get(t.Context(), "k")
	require.Error(t, callErr)
	assert.True(t, momentocache.IsAuthError(callErr))

	assert.ErrorContains(t, openErr, "bad authorization")
	assert.ErrorContains(t, callErr, "does not accept the token")
	for _, err := range []error{openErr, callErr} {
		requireNothingOf(t, fmt.Sprintf("%v %+v %#v %q", err, err, err, err), key)
		sdk, ok := errors.AsType[momento.MomentoError](err)
		require.True(t, ok)
		requireNothingOf(t, fmt.Sprint(sdk, sdk.Message(), sdk.OriginalErr()), key)
	}
}

func TestErrorsCarryNothingOfAnOpaqueKeyThatARefusalQuotes(t *testing.T) {
	s := newServer(t)
	const key = "0paque-0123456789abcdef"
	c, _ := cacheOf(t, momentocache.Opener{
		Source: secret(t, v1(t, map[string]string{"endpoint": "cell-1.example.com", "api_key": key})), Key: secretKey, Endpoint: s.addr,
	})
	_, err := c.Get(t.Context(), "k")
	require.NoError(t, err)
	s.inject(quote(codes.Unauthenticated))
	_, err = c.Get(t.Context(), "k")
	require.True(t, momentocache.IsAuthError(err))
	requireNothingOf(t, fmt.Sprintf("%v %+v %#v", err, err, err), key)
}
