package momentocache_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/momentohq/client-sdk-go/auth"
	"github.com/momentohq/client-sdk-go/config"
	"github.com/momentohq/client-sdk-go/config/logger"
	"github.com/momentohq/client-sdk-go/momento"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/warmclient/warmclient/readaside/momentocache"
)

// captureLog makes slog.Default write to the buffer it returns. Do not read the buffer while
// another goroutine may log.
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

	client, err := s.opener(t).Open(t.Context())
	require.NoError(t, err)
	defer client.Close()
	assert.Contains(t, out.String(), `level=DEBUG msg="momento: Creating cache client with settings`)
	assert.Contains(t, out.String(), "CredentialProvider: REDACTED")
	assert.Contains(t, out.String(), "logger=CacheClient")
	assert.NotContains(t, out.String(), "level=INFO")
	requireNothingOf(t, out.String(), s.Key())
	assert.Equal(t, log.LUTC, log.Flags(), "the SDK's own logger would reset them")

	_, _ = client.CreateCache(t.Context(), &momento.CreateCacheRequest{CacheName: s.Key()})
	requireNothingOf(t, out.String(), s.Key())

	out.Reset()
	_, err = client.CreateCache(t.Context(), &momento.CreateCacheRequest{CacheName: "accounts"})
	require.Error(t, err)
	assert.Contains(t, out.String(), "level=WARN")
}

// recorder is a logger of the SDK that records its arguments.
type recorder struct {
	logger.MomentoLogger
	props momento.CacheClientProps
}

func (r *recorder) GetLogger(string) logger.MomentoLogger { return r }
func (r *recorder) Debug(string, ...any)                  {}
func (r *recorder) Info(_ string, args ...any) {
	if args := momentocache.Args(args[0]); len(args) > 0 {
		if props, ok := args[0].(momento.CacheClientProps); ok {
			r.props = props
		}
	}
}

// failures is a testing.T for assertions that must fail.
type failures struct{ text string }

func (f *failures) Errorf(format string, args ...any) { f.text += fmt.Sprintf(format, args...) }

func TestNothingPrintsTheTokenOfAClient(t *testing.T) {
	s := newServer(t)
	rec := &recorder{}
	o := s.opener(t)
	o.Config = config.LambdaLatestWithLogger(rec)
	client, err := o.Open(t.Context())
	require.NoError(t, err)
	defer client.Close()
	provider := rec.props.CredentialProvider
	require.Equal(t, s.Key(), provider.GetAuthToken())
	moved, err := provider.WithEndpoints(auth.AllEndpoints{CacheEndpoint: auth.Endpoint{Endpoint: "cache.example.com:443"}})
	require.NoError(t, err)
	require.Equal(t, "cache.example.com:443", moved.GetCacheEndpoint())

	for _, v := range []any{provider, moved, &provider, []any{provider}, rec.props, o, client} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
			requireNothingOf(t, fmt.Sprintf(verb, v), s.Key())
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
		requireNothingOf(t, out.String()+string(text)+diff.text, s.Key())
	}
}

// pieces of a key that the service quotes must not be found in an error or a log.
func TestNoErrorOrLogHoldsAKeyThatTheServiceQuotes(t *testing.T) {
	for name, key := range map[string]string{
		"v2":     jwt(t, claims{"t": "g", "sub": "someone"}),
		"opaque": "0paque-0123456789abcdef",
	} {
		for _, code := range []codes.Code{codes.Unauthenticated, codes.Unavailable, codes.Internal} {
			t.Run(name+" "+code.String(), func(t *testing.T) {
				s := newServer(t)
				s.Accept(key)
				own := &lines{}
				for _, cfg := range []config.Configuration{nil, config.LambdaLatestWithLogger(own)} {
					out := captureLog(t, slog.LevelDebug-4)
					source := text(key)
					if name == "opaque" {
						source = text(v1(t, region, key))
					}
					c, _ := cacheOf(t, momentocache.Opener{Source: source, Endpoint: s.addr, Config: cfg})
					s.Inject(fail(code, "bad authorization "+key))
					_, err := c.Get(t.Context(), "k")
					require.Error(t, err)
					requireNothingOf(t, fmt.Sprintf("%v %+v %#v %q", err, err, err, err), key)
					sdk, ok := errors.AsType[momento.MomentoError](err)
					require.True(t, ok)
					requireNothingOf(t, fmt.Sprint(sdk, sdk.Message(), sdk.OriginalErr()), key)

					client, err := c.Client.Get(t.Context())
					require.NoError(t, err)
					_, _ = client.CreateCache(t.Context(), &momento.CreateCacheRequest{CacheName: "has " + key})
					require.NoError(t, c.Client.Close(t.Context()))
					requireNothingOf(t, out.String()+own.text(), key)
					assert.NotContains(t, out.String(), "level=ERROR", "a failed call is the caller's to log")
					s.Heal()
				}
				assert.NotContains(t, own.text(), "ERROR")
				assert.NotEmpty(t, own.text())
			})
		}
	}
}

// A part of an opaque key does not look like a key.
func TestAnErrorThatRefusesTheKeyHoldsNothingOfTheServicesText(t *testing.T) {
	s := newServer(t)
	c, _ := newCache(t, s)
	s.Inject(fail(codes.Unauthenticated, "no key begins with 0paque-0123"))
	_, err := c.Get(t.Context(), "k")
	require.True(t, momentocache.IsAuthError(err))
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v %q", err, err, err, err), "0paque")
}

// lines is a custom logger.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *lines) log(level, format string, args []any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(&l.buf, level+" "+format+"\n", args...)
}

func (l *lines) GetLogger(string) logger.MomentoLogger { return l }
func (l *lines) Trace(format string, args ...any)      { l.log("TRACE", format, args) }
func (l *lines) Debug(format string, args ...any)      { l.log("DEBUG", format, args) }
func (l *lines) Info(format string, args ...any)       { l.log("INFO", format, args) }
func (l *lines) Warn(format string, args ...any)       { l.log("WARN", format, args) }
func (l *lines) Error(format string, args ...any)      { l.log("ERROR", format, args) }

// A later version of the SDK logs each failed call of the data client at ERROR.
func TestTheDataClientsErrorsAreDebugAndScrubbed(t *testing.T) {
	s := newServer(t)
	own := &lines{}
	factory := momentocache.LoggerFactory(s.opener(t), config.LambdaLatestWithLogger(own), s.Key())
	factory.GetLogger("data-client").Error("gRPC request failed: %v", "bad authorization "+s.Key())
	factory.GetLogger("topic-client").Error("disconnected: %v", s.Key())
	assert.Equal(t, "DEBUG gRPC request failed: bad authorization REDACTED\nERROR disconnected: REDACTED\n", own.text())
}

func TestAColdStartOfAHealthyFunctionLogsNothingAtInfo(t *testing.T) {
	s := newServer(t)
	out := captureLog(t, slog.LevelInfo)
	c, _ := newCache(t, s)
	require.NoError(t, c.Set(t.Context(), "k", []byte("v"), time.Minute))
	require.NoError(t, c.Client.Close(t.Context()))
	assert.Empty(t, out.String())
}
