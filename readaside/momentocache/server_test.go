package momentocache_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/warmclient/warmclient/readaside/momentocache"
	"github.com/warmclient/warmclient/readaside/momentocache/momentotest"
	"github.com/warmclient/warmclient/secrets"
)

// server is a Momento server with a listener whose connections can die silently.
type server struct {
	*momentotest.Server
	listener *listener
	addr     string
}

func newServer(t testing.TB, caches ...string) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &server{
		Server:   momentotest.NewServer(caches...),
		listener: &listener{Listener: l, conns: make(map[*conn]struct{})},
		addr:     l.Addr().String(),
	}
	t.Cleanup(s.Close)
	s.Serve(s.listener)
	return s
}

// opener returns an Opener with the server's API key.
func (s *server) opener(t testing.TB) momentocache.Opener {
	return momentocache.Opener{Source: secret(t, s.Key()), Key: member, Endpoint: s.addr}
}

var hang = momentotest.Fault{Action: momentotest.Hang}

func fail(code codes.Code, text string) momentotest.Fault {
	return momentotest.Fault{Action: momentotest.Fail, Status: int(code), Message: text}
}

const (
	member    = "MOMENTO_AUTH_TOKEN"
	signature = "c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"
)

type claims map[string]any

func jwt(t testing.TB, c claims) string {
	t.Helper()
	payload, err := json.Marshal(c)
	require.NoError(t, err)
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256"}`))
	return header + "." + base64.RawURLEncoding.EncodeToString(payload) + "." + signature
}

// v1 is base64 of an endpoint and a key.
func v1(t testing.TB, endpoint, key string) string {
	t.Helper()
	text, err := json.Marshal(map[string]string{"endpoint": endpoint, "api_key": key})
	require.NoError(t, err)
	return base64.StdEncoding.EncodeToString(text)
}

// text is a source whose document is this text.
func text(text string) secrets.Source {
	return secrets.SourceFunc(func(context.Context) (secrets.Document, error) { return secrets.Static(text), nil })
}

// secret is a source whose document is a JSON object with the key as a member.
func secret(t testing.TB, key string) secrets.Source {
	t.Helper()
	object, err := json.Marshal(map[string]string{member: key})
	require.NoError(t, err)
	return text(string(object))
}

// requireNothingOf fails if text holds six characters in a row of any secret.
func requireNothingOf(t testing.TB, text string, keys ...string) {
	t.Helper()
	for _, key := range keys {
		for i := range len(key) - 5 {
			require.NotContains(t, text, key[i:i+6])
		}
	}
}
