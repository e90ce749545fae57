package momentocache_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/readaside/momentocache"
	"github.com/warmclient/warmclient/secrets"
)

const (
	secretKey = "MOMENTO_AUTH_TOKEN"
	signature = "c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"
)

type claims map[string]any

// jwt is a token of the older kind, and the API key of one of the newer.
func jwt(t testing.TB, c claims) string {
	t.Helper()
	payload, err := json.Marshal(c)
	require.NoError(t, err)
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256"}`))
	return header + "." + base64.RawURLEncoding.EncodeToString(payload) + "." + signature
}

// v1 is a token of the newer kind.
func v1(t testing.TB, fields map[string]string) string {
	t.Helper()
	text, err := json.Marshal(fields)
	require.NoError(t, err)
	return base64.StdEncoding.EncodeToString(text)
}

// secret is a source whose document holds token under secretKey.
func secret(t testing.TB, token string) secrets.Source {
	t.Helper()
	text, err := json.Marshal(map[string]string{secretKey: token})
	require.NoError(t, err)
	return secrets.SourceFunc(func(context.Context) (secrets.Document, error) {
		return secrets.Static(string(text)), nil
	})
}

// goodKey is an API key that a server may accept, goodToken a token with it.
func goodKey(t testing.TB) string {
	return jwt(t, claims{"sub": "service@example.com", "exp": time.Now().Add(time.Hour).Unix()})
}

func goodToken(t testing.TB) string {
	return v1(t, map[string]string{"endpoint": "cell-1.example.com", "api_key": goodKey(t)})
}

// requireNothingOf fails if text holds six characters in a row of any secret.
func requireNothingOf(t testing.TB, text string, tokens ...string) {
	t.Helper()
	for _, token := range tokens {
		for i := range len(token) - 5 {
			require.NotContains(t, text, token[i:i+6])
		}
	}
}

func TestOpenRefusesATokenThatCanNeverWorkBeforeTheDial(t *testing.T) {
	hour := time.Hour
	expired := claims{"c": "cache.example.com", "cp": "control.example.com", "exp": time.Now().Add(-hour).Unix()}
	fresh := claims{"c": "cache.example.com", "cp": "control.example.com", "exp": time.Now().Add(hour).Unix()}
	tests := map[string]struct{ token, want string }{
		"no token at all":              {"hunter2-hunter2", "not a Momento token"},
		"JWT of two parts":             {strings.TrimSuffix(jwt(t, fresh), "."+signature), "not a Momento token"},
		"base64 of something else":     {base64.StdEncoding.EncodeToString([]byte("hunter2-hunter2")), "not a Momento token"},
		"v1 without API key":           {v1(t, map[string]string{"endpoint": "cell-1.example.com"}), "not a Momento token"},
		"expired JWT":                  {jwt(t, expired), "expired at " + time.Now().Add(-hour).UTC().Format("2006-01-02T")},
		"JWT that expires now":         {jwt(t, claims{"c": "cache.example.com", "exp": time.Now().Unix()}), "expired at"},
		"JWT with a fractional expiry": {jwt(t, claims{"c": "cache.example.com", "exp": 1234567890.5}), "expired at 2009-02-13T23:31:30Z"},
		"JWT that expired in 1970":     {jwt(t, claims{"c": "cache.example.com", "exp": 0}), "expired at 1970"},
		"expired JWT inside v1": {
			v1(t, map[string]string{"endpoint": "cell-1.example.com", "api_key": jwt(t, expired)}), "expired at",
		},
		"JWT with a final newline": {jwt(t, fresh) + "\n", "white space"},
		"v1 with a final newline":  {goodToken(t) + "\n", "white space"},
		"JWT with a newline in it": {jwt(t, fresh) + "\n" + signature, "white space"},
		"API key with a newline": {
			v1(t, map[string]string{"endpoint": "cell-1.example.com", "api_key": goodKey(t) + "\n"}), "white space",
		},
		"API key beyond ASCII": {
			v1(t, map[string]string{"endpoint": "cell-1.example.com", "api_key": goodKey(t) + "\u00e9"}), "beyond ASCII",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			client, err := momentocache.Opener{Source: secret(t, tt.token), Key: secretKey, Endpoint: s.addr}.Open(t.Context())
			require.Error(t, err)
			assert.Nil(t, client)
			assert.Contains(t, err.Error(), tt.want)
			assert.Contains(t, err.Error(), "static", "names the secret")
			assert.Contains(t, err.Error(), secretKey, "names the key")
			requireNothingOf(t, err.Error(), tt.token, goodKey(t), "hunter2-hunter2")
			assert.Zero(t, s.listener.accepted.Load(), "dialled")
		})
	}
}

func TestOpenRefusesATokenWithoutEndpoint(t *testing.T) {
	tests := map[string]string{
		"no claims":              jwt(t, claims{"sub": "service@example.com"}),
		"only a control plane":   jwt(t, claims{"cp": "control.example.com"}),
		"claim that is a number": jwt(t, claims{"c": 12345678, "cp": 12345678}),
		"empty claim":            jwt(t, claims{"c": "", "cp": ""}),
		"address, not a host":    jwt(t, claims{"c": "https://cache.example.com", "cp": "x"}),
		"host with a gap":        jwt(t, claims{"c": "cache..example.com", "cp": "x"}),
		"v1 with an address":     v1(t, map[string]string{"endpoint": "example.com:8443/", "api_key": goodKey(t)}),
	}
	for name, token := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := momentocache.Opener{Source: secret(t, token), Key: secretKey}.Open(t.Context())
			require.EqualError(t, err,
				`momentocache: token in secret "static", key "MOMENTO_AUTH_TOKEN": names no host of the Momento service`)
		})
	}
}

func TestOpenTakesEveryTokenThatMayWork(t *testing.T) {
	future := time.Now().Add(time.Hour).Unix()
	tests := map[string]struct{ token, sent string }{
		"JWT":                   {token: jwt(t, claims{"c": "cache.example.com", "cp": "control.example.com", "exp": future})},
		"JWT without expiry":    {token: jwt(t, claims{"c": "cache.example.com", "cp": "control.example.com"})},
		"JWT without endpoints": {token: jwt(t, claims{"sub": "service@example.com"})},
		"JWT for ages":          {token: jwt(t, claims{"c": "cache.example.com", "exp": 1e300})},
		"JWT, unreadable claim": {token: jwt(t, claims{"c": "cache.example.com", "exp": "never"})},
		"v1 around a JWT": {
			v1(t, map[string]string{"endpoint": "cell-1.example.com", "api_key": goodKey(t)}), goodKey(t),
		},
		"v1 around an opaque key": {
			v1(t, map[string]string{"endpoint": "cell-1.example.com", "api_key": "opaque"}), "opaque",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			if tt.sent == "" {
				tt.sent = tt.token
			}
			client, err := momentocache.Opener{Source: secret(t, tt.token), Key: secretKey, Endpoint: s.addr}.Open(t.Context())
			require.NoError(t, err)
			defer client.Close()
			assert.Equal(t, tt.sent, s.seen()[0].token, "the token is sent to Endpoint")
		})
	}
}

func TestWithoutAKeyTheWholeSecretIsTheToken(t *testing.T) {
	s := newServer(t)
	opener := momentocache.Opener{Endpoint: s.addr, Source: secrets.SourceFunc(func(context.Context) (secrets.Document, error) {
		return secrets.Static(goodToken(t)), nil
	})}
	client, err := opener.Open(t.Context())
	require.NoError(t, err)
	client.Close()

	opener.Source = secrets.SourceFunc(func(context.Context) (secrets.Document, error) {
		return secrets.Static("hunter2-hunter2"), nil
	})
	_, err = opener.Open(t.Context())
	require.ErrorContains(t, err, `token in secret "static": not a Momento token`)
}
