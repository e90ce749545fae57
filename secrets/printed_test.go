package secrets_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdkhttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go/logging"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/secrets"
)

// sink is a log that goroutines of net/http write to.
type sink struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// clients are made by NewClient and otherwise. The latter keep connections and log as much as
// possible.
func clients(cfg aws.Config) map[string]secrets.API {
	shared := cfg
	shared.HTTPClient = &http.Client{Transport: &http.Transport{}}
	return map[string]secrets.API{
		"NewClient":                     secrets.NewClient(cfg),
		"NewClient on a *http.Client":   secrets.NewClient(shared),
		"a client of another's":         secretsmanager.NewFromConfig(cfg),
		"another's and a *http.Client":  secretsmanager.NewFromConfig(shared),
		"NewClient with its own logger": secrets.NewClient(cfg, func(o *secretsmanager.Options) { o.ClientLogMode = cfg.ClientLogMode }),
	}
}

func TestDataAfterAnAnswerIsNotPrinted(t *testing.T) {
	var standard sink
	log.SetOutput(&standard)
	t.Cleanup(func() { log.SetOutput(io.Discard) })
	body := valueOf("x")
	for name, rest := range map[string]string{
		"more than Content-Length": fmt.Sprintf("Content-Length: %d\r\n\r\n%s%s\r\n", len(body), body, topSecret),
		"a broken trailer":         fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n%s\r\n\r\n", len(body), body, topSecret),
	} {
		t.Run(name, func(t *testing.T) {
			var own sink
			var left sync.WaitGroup
			s := accept(t, func(_ *service, conn *net.TCPConn) {
				left.Add(1)
				defer left.Done()
				readRequest(conn)
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n"+rest)
				_, _ = io.Copy(io.Discard, conn) // until the client closes it
			})
			cfg := config(s.url)
			cfg.Logger = logging.NewStandardLogger(&own)
			cfg.ClientLogMode = aws.LogResponseWithBody | aws.LogRetries
			for client, api := range clients(cfg) {
				token, err := secrets.Load(t.Context(), secrets.SecretsManager{API: api, ID: secretID}, "")
				if err != nil { // of the trailer
					require.ErrorIs(t, err, secrets.ErrUnavailable, client)
					noLeak(t, topSecret, walk(err))
					continue
				}
				assert.Equal(t, "x", token.Reveal(), client)
			}
			left.Wait()
			noLeak(t, topSecret, standard.String())
			assert.Empty(t, own.String())
		})
	}
}

// An HTTP client with a timeout or retries adds a known error to the chain of the quoted head.
func TestAMalformedHeadIsNotQuotedInAnyError(t *testing.T) {
	t.Parallel()
	head := fmt.Errorf("net/http: HTTP/1.x transport connection broken: malformed HTTP response %q", topSecret)
	for name, err := range map[string]error{
		"a limit of its own": fmt.Errorf("%w (Client.Timeout exceeded): %w", head, context.DeadlineExceeded),
		"a retry that ended": errors.Join(head, context.DeadlineExceeded),
		"another's words":    &url.Error{Op: "Post", URL: "http://secrets.invalid", Err: errors.New("odd line " + topSecret)},
		"a broken pipe":      errors.Join(head, &net.OpError{Op: "write", Err: errors.New("broken pipe")}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			attempts := 0
			cfg := config("http://secrets.invalid")
			cfg.HTTPClient = doFunc(func(r *http.Request) (*http.Response, error) {
				if attempts++; attempts == 1 {
					return nil, err
				}
				<-r.Context().Done()
				return nil, r.Context().Err()
			})
			src := secrets.SecretsManager{API: secrets.NewClient(cfg), ID: secretID, Timeout: short}
			_, err := src.Fetch(t.Context())
			require.Error(t, err)
			noLeak(t, topSecret, err.Error())
			noLeak(t, topSecret, walk(err))
		})
	}
}

func TestTheTargetOfARedirectIsNotQuoted(t *testing.T) {
	t.Parallel()
	for name, target := range map[string]string{
		"a host that does not exist": "http://" + topSecret[:9] + ".invalid/",
		"a path":                     "http://127.0.0.1:1/" + topSecret,
		"no URL":                     "http://[" + topSecret,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect} {
				s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Location", target)
					w.WriteHeader(status)
				}))
				t.Cleanup(s.Close)
				for client, api := range clients(config(s.URL)) {
					_, err := secrets.Load(t.Context(), secrets.SecretsManager{API: api, ID: secretID}, "")
					require.Error(t, err, client)
					noLeak(t, topSecret, err.Error())
				}
			}
		})
	}
}

func TestEveryFetchMakesThreeAttempts(t *testing.T) {
	t.Parallel()
	requests := 0
	cfg := config("http://secrets.invalid")
	cfg.HTTPClient = doFunc(func(*http.Request) (*http.Response, error) {
		requests++
		recorder := httptest.NewRecorder()
		write(recorder, 503, `{}`)
		return recorder.Result(), nil
	})
	api := secrets.NewClient(cfg, func(o *secretsmanager.Options) { o.Retryer = impatient{o.Retryer} })
	for i := range 200 {
		before := requests
		_, err := secrets.SecretsManager{API: api, ID: secretID}.Fetch(t.Context())
		require.ErrorIs(t, err, secrets.ErrUnavailable)
		require.Equal(t, 3, requests-before, "fetch %d", i)
	}
}

// impatient does not pause.
type impatient struct{ aws.Retryer }

func (impatient) RetryDelay(int, error) (time.Duration, error) { return 0, nil }

func TestNoConnectionIsKept(t *testing.T) {
	t.Parallel()
	var protocols []string
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { write(w, 200, valueOf("x")) }))
	server.EnableHTTP2 = true
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	server.TLS.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		protocols = append(protocols, strings.Join(hello.SupportedProtos, ","))
		return nil, nil
	}
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	cfg := config(server.URL)
	cfg.HTTPClient = sdkhttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) { tr.TLSClientConfig.RootCAs = roots })
	api := secrets.NewClient(cfg)
	for range 3 {
		_, err := secrets.SecretsManager{API: api, ID: secretID}.Fetch(t.Context())
		require.NoError(t, err)
	}
	assert.Equal(t, int32(3), connections.Load())
	assert.Equal(t, []string{"http/1.1", "http/1.1", "http/1.1"}, protocols)
}

func TestAnAnswerIsReadUpToAMebibyteAfterDecompression(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, err := io.WriteString(z, `{"SecretString":"`+strings.Repeat("0", 16<<20))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	for _, status := range []int{200, 400, 503} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			s := serve(t, func(_ *service, w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Encoding", "gzip")
				w.WriteHeader(status)
				_, _ = w.Write(bomb.Bytes())
			})
			for client, api := range clients(config(s.url)) {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				_, err := secrets.SecretsManager{API: api, ID: secretID}.Fetch(t.Context())
				runtime.ReadMemStats(&after)
				require.ErrorIs(t, err, secrets.ErrUnavailable, client)
				require.ErrorContains(t, err, "larger than 1 MiB", client)
				assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(32<<20), client)
			}
		})
	}
}

func TestAnEmptyAnswerIsUnavailableAndAnEmptyObjectAnEmptySecret(t *testing.T) {
	t.Parallel()
	for body, kind := range map[string]error{"": secrets.ErrUnavailable, "{}": secrets.ErrEmpty} {
		s := answer(t, 200, body)
		for _, src := range []secrets.Source{source(s.url), secrets.Extension{ID: secretID, Endpoint: s.url}} {
			_, err := secrets.Load(t.Context(), src, "a")
			assert.ErrorIs(t, err, kind, "%q, %T", body, src)
		}
	}
}
