package awshttp_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdkhttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/internal/awshttp"
	"github.com/warmclient/warmclient/internal/testnet"
)

// serve starts a server on pipes, and returns it with an SDK client that reaches it.
func serve(t *testing.T, h http.HandlerFunc) (*httptest.Server, *testnet.Pipes, *sdkhttp.BuildableClient) {
	t.Helper()
	p := testnet.NewPipes()
	server := httptest.NewUnstartedServer(h)
	_ = server.Listener.Close()
	server.Listener = p
	server.Start()
	t.Cleanup(server.Close)
	return server, p, sdkhttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
		tr.DialContext = p.DialContext
	})
}

func from(t *testing.T, client aws.HTTPClient) *awshttp.Client {
	t.Helper()
	c, ok := awshttp.From(client)
	require.True(t, ok)
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// get makes the given attempt of a call, and returns the server's answer.
func get(ctx context.Context, c *awshttp.Client, url string, attempt int) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	req.Header.Set("Amz-Sdk-Request", fmt.Sprintf("attempt=%d; max=10", attempt))
	res, err := c.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	return string(b), err
}

func TestAConnectionThatIsIdleFor45SecondsIsNotUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, p, client := serve(t, func(http.ResponseWriter, *http.Request) {})
		c := from(t, client)
		for _, step := range []struct {
			idle  time.Duration
			dials int
		}{{0, 1}, {44 * time.Second, 1}, {44 * time.Second, 1}, {46 * time.Second, 2}} {
			time.Sleep(step.idle)
			_, err := get(t.Context(), c, server.URL, 1)
			require.NoError(t, err)
			assert.Equal(t, step.dials, p.Dials())
		}
	})
}

func TestADeadHTTP2ConnectionIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	dead := make(chan string, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, 2, r.ProtoMajor)
		select {
		case addr := <-dead:
			dead <- addr
			if addr == r.RemoteAddr {
				<-r.Context().Done()
			}
		default:
		}
		_, _ = io.WriteString(w, r.RemoteAddr)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	c := from(t, trusting(server)).WithAttemptTimeout(200 * time.Millisecond)
	t.Cleanup(c.CloseIdleConnections)

	const later = 6 // an attempt with 6.4s
	first, err := get(t.Context(), c, server.URL, later)
	require.NoError(t, err)
	dead <- first
	_, err = get(t.Context(), c, server.URL, 1)
	require.ErrorContains(t, err, "no answer")
	second, err := get(t.Context(), c, server.URL, later)
	require.NoError(t, err)
	assert.NotEqual(t, first, second)
}

// trusting returns an SDK client that trusts the server's certificate.
func trusting(server *httptest.Server) *sdkhttp.BuildableClient {
	roots := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	return sdkhttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
		tr.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	})
}

func TestWithoutKeepAliveEachCallOpensAnHTTP1Connection(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto+" "+r.TLS.NegotiatedProtocol+" "+r.RemoteAddr)
	}))
	server.EnableHTTP2 = true
	offered := make(chan []string, 2)
	server.TLS = &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			offered <- hello.SupportedProtos
			return nil, nil
		},
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	c := from(t, trusting(server)).WithoutKeepAlive(500 * time.Millisecond)
	first, err := get(t.Context(), c, server.URL, 1)
	require.NoError(t, err)
	assert.Contains(t, first, "HTTP/1.1 http/1.1 127.0.0.1:")
	second, err := get(t.Context(), c, server.URL, 1)
	require.NoError(t, err)
	assert.NotEqual(t, first, second)
	assert.Equal(t, []string{"http/1.1"}, <-offered)
}

func TestWithoutKeepAliveTheDialHasAShorterLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := from(t, sdkhttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
			tr.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}
		}))
		for client, want := range map[*awshttp.Client]time.Duration{
			c: time.Second,
			c.WithoutKeepAlive(500 * time.Millisecond): 500 * time.Millisecond,
		} {
			start := time.Now()
			_, err := get(t.Context(), client, "http://192.0.2.1", 1)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, want, time.Since(start))
		}
	})
}

func TestFromLeavesOtherClientsAlone(t *testing.T) {
	t.Parallel()
	c, ok := awshttp.From(&http.Client{})
	assert.False(t, ok)
	assert.Nil(t, c)
	own := from(t, nil)
	assert.Same(t, own, from(t, own))
	assert.Same(t, own, own.WithAttemptTimeout(0))
	tuned := own.WithAttemptTimeout(time.Second)
	assert.NotSame(t, own, tuned)
	assert.Same(t, tuned, tuned.WithAttemptTimeout(time.Second), "connections are shared where nothing changes")
}

func TestRedirectsThatKeepTheMethodAreFollowedWithoutTheToken(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Method+" token="+r.Header.Get("X-Amz-Security-Token"))
	}))
	t.Cleanup(other.Close)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		code := http.StatusMovedPermanently
		if r.URL.Path == "/307" {
			code = http.StatusTemporaryRedirect
		}
		w.Header().Set("Location", other.URL)
		w.WriteHeader(code)
	}))
	t.Cleanup(server.Close)
	for path, want := range map[string]int{"/301": http.StatusMovedPermanently, "/307": http.StatusOK} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, server.URL+path, http.NoBody)
		require.NoError(t, err)
		req.Header.Set("X-Amz-Security-Token", "secret")
		res, err := from(t, nil).Do(req)
		require.NoError(t, err)
		text, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, want, res.StatusCode)
		if want == http.StatusOK {
			assert.Equal(t, "PUT token=", string(text))
		}
	}
}

func TestATLSHandshakeTakesAtMostASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := testnet.NewPipes() // accepts connections and does not answer
		t.Cleanup(func() { _ = p.Close() })
		go func() {
			for c, err := p.Accept(); err == nil; c, err = p.Accept() {
				t.Cleanup(func() { _ = c.Close() })
				go func() { _, _ = io.Copy(io.Discard, c) }()
			}
		}()
		c := from(t, sdkhttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
			tr.DialContext = p.DialContext
		}))
		start := time.Now()
		_, err := get(t.Context(), c, "https://192.0.2.1", 1)
		require.ErrorContains(t, err, "TLS handshake timeout")
		assert.Equal(t, time.Second, time.Since(start))
	})
}
