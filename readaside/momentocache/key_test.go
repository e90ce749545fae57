package momentocache_test

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/momentohq/client-sdk-go/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/readaside/momentocache"
	"github.com/warmclient/warmclient/secrets"
)

const (
	region  = "cell-us-east-1-1.prod.a.momentohq.com"
	another = "cell-4-us-west-2-1.prod.a.momentohq.com"
)

// dialed returns the host that Open dials over TLS. Nothing listens there.
func dialed(t *testing.T, o momentocache.Opener) (string, error) {
	t.Helper()
	rec := &recorder{}
	o.Config, o.ConnectTimeout = config.LambdaLatestWithLogger(rec), time.Nanosecond
	_, err := o.Open(t.Context())
	require.Error(t, err)
	p := rec.props.CredentialProvider
	if p == nil {
		return "", err
	}
	require.True(t, p.IsCacheEndpointSecure())
	return p.GetCacheEndpoint(), nil
}

// The table of Opener.Endpoint: each kind of key, in both forms of secret.
func TestEachKindOfKeyOpensOrIsRefusedAsTheTableSays(t *testing.T) {
	v2 := jwt(t, claims{"t": "g", "sub": "someone"})
	old := v1(t, region, jwt(t, claims{"sub": "someone"}))
	legacy := jwt(t, claims{"c": "cache." + region, "cp": "control." + region})
	hostless := jwt(t, claims{"sub": "someone"})
	for name, row := range map[string]struct{ key, endpoint, dials, fails string }{
		"v2 with an endpoint":                {v2, region, "cache." + region + ":443", ""},
		"v2 without":                         {v2, "", "", "names no endpoint: set Opener.Endpoint to your region's, such as " + region},
		"v1 without":                         {old, "", "cache." + region + ":443", ""},
		"v1 with its own":                    {old, region, "cache." + region + ":443", ""},
		"v1 with its own in upper case":      {old, strings.ToUpper(region), "cache." + region + ":443", ""},
		"v1 with another":                    {old, another, "", "names the host " + region + ", but Opener.Endpoint is " + another},
		"v1 around an opaque key":            {v1(t, region, "opaque"), "", "cache." + region + ":443", ""},
		"v1 around a v2 key":                 {v1(t, region, v2), "", "cache." + region + ":443", ""},
		"v1 with a malformed host":           {v1(t, "example.com:8443/", "opaque"), "", "", "host that it names is malformed"},
		"legacy JWT without":                 {legacy, "", "cache." + region + ":443", ""},
		"legacy JWT with its own":            {legacy, region, "cache." + region + ":443", ""},
		"legacy JWT with another":            {legacy, another, "", "names the host " + region + ", but Opener.Endpoint is " + another},
		"legacy JWT of a host of its own":    {jwt(t, claims{"c": "data.example.com"}), "", "data.example.com:443", ""},
		"legacy JWT with a malformed host":   {jwt(t, claims{"c": "https://cache.example.com"}), "", "", "host that it names is malformed"},
		"legacy JWT with a host of a number": {jwt(t, claims{"c": 12345678}), "", "", "host that it names is malformed"},
		"JWT without hosts":                  {hostless, "", "", "a JWT that names no host and is no v2 API key"},
		"JWT without hosts, with an endpoint": {
			hostless, region, "", "a JWT that names no host and is no v2 API key",
		},
		"no key at all": {"hunter2-hunter2", region, "", "not a Momento API key"},
	} {
		for form, source := range map[string]secrets.Source{"JSON": secret(t, row.key), "text": text(row.key)} {
			t.Run(name+", "+form, func(t *testing.T) {
				got, err := dialed(t, momentocache.Opener{Source: source, Key: member, Endpoint: row.endpoint})
				assert.Equal(t, row.dials, got)
				if row.fails == "" {
					require.NoError(t, err)
					return
				}
				require.ErrorContains(t, err, row.fails)
				require.ErrorContains(t, err, `momentocache: API key in secret "static"`)
				if form == "JSON" {
					require.ErrorContains(t, err, member)
				}
				requireNothingOf(t, strings.ReplaceAll(err.Error(), region, ""), row.key)
			})
		}
	}
	_, err := dialed(t, momentocache.Opener{Source: text(v2)})
	require.ErrorIs(t, err, momentocache.ErrNeedsEndpoint)
}

func TestEachKindOfKeyOpensOnALoopbackEndpoint(t *testing.T) {
	for name, kind := range map[string]func(s *server) (key, sent string){
		"v2":            func(s *server) (string, string) { return s.Key(), s.Key() },
		"v1 around v2":  func(s *server) (string, string) { return v1(t, region, s.Key()), s.Key() },
		"v1, opaque":    func(*server) (string, string) { return v1(t, region, "opaque"), "opaque" },
		"legacy":        func(*server) (string, string) { k := jwt(t, claims{"c": "cache." + region}); return k, k },
		"without hosts": func(*server) (string, string) { k := jwt(t, claims{"sub": "x"}); return k, k },
		"for ages":      func(*server) (string, string) { k := jwt(t, claims{"t": "g", "exp": 1e300}); return k, k },
		"for a good hour": func(*server) (string, string) {
			k := jwt(t, claims{"exp": time.Now().Add(time.Hour).Unix()})
			return k, k
		},
	} {
		s := newServer(t)
		key, sent := kind(s)
		s.Accept(sent)
		for form, source := range map[string]secrets.Source{"JSON": secret(t, key), "text": text(key)} {
			t.Run(name+", "+form, func(t *testing.T) {
				c, _ := cacheOf(t, momentocache.Opener{Source: source, Key: member, Endpoint: s.addr})
				require.NoError(t, c.Set(t.Context(), "k", []byte("v"), time.Minute), "the key was sent")
			})
		}
	}
}

func TestAnInvalidKeyIsRefusedBeforeTheDial(t *testing.T) {
	good := jwt(t, claims{"t": "g"})
	_, headless, _ := strings.Cut(good, ".")
	expired := jwt(t, claims{"t": "g", "exp": 1234567890})
	for name, row := range map[string]struct{ key, want string }{
		"no key at all":          {"hunter2-hunter2", "not a Momento API key"},
		"JWT of two parts":       {strings.TrimSuffix(good, "."+signature), "not a Momento API key"},
		"JWT in quotes":          {`"` + good + `"`, "not a Momento API key"},
		"JWT without a header":   {"." + headless, "not a Momento API key"},
		"base64 of another text": {base64.StdEncoding.EncodeToString([]byte("hunter2-hunter2")), "not a Momento API key"},
		"v1 without API key":     {v1(t, region, ""), "not a Momento API key"},
		"v1 without endpoint":    {v1(t, "", good), "not a Momento API key"},
		"expired":                {expired, "expired at 2009-02-13T23:31:30Z"},
		"expired within v1":      {v1(t, region, expired), "expired at 2009-02-13T23:31:30Z"},
		"fractional expiry":      {jwt(t, claims{"c": region, "exp": 1234567890.5}), "expired at 2009-02-13T23:31:30Z"},
		"expires now":            {jwt(t, claims{"t": "g", "exp": time.Now().Unix()}), "expired at"},
		"newline at the end":     {good + "\n", "white space"},
		"newline within v1":      {v1(t, region, good+"\n"), "white space"},
		"newline in it":          {good + "\n" + signature, "white space"},
		"beyond ASCII":           {v1(t, region, good+"\u00e9"), "beyond ASCII"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			_, err := momentocache.Opener{Source: secret(t, row.key), Key: member, Endpoint: s.addr}.Open(t.Context())
			require.ErrorContains(t, err, row.want)
			assert.Contains(t, err.Error(), "static", "names the secret")
			assert.Contains(t, err.Error(), member, "names the member")
			requireNothingOf(t, err.Error(), row.key, good, "hunter2-hunter2")
			assert.Zero(t, s.listener.accepted.Load(), "dialed")
		})
	}
}

func TestASecretThatIsAnObjectNeedsTheMembersName(t *testing.T) {
	s := newServer(t)
	o := momentocache.Opener{Source: secret(t, s.Key()), Endpoint: s.addr}
	_, err := o.Open(t.Context())
	require.EqualError(t, err,
		`momentocache: read the API key: secret "static" is a JSON object: set Opener.Key to the member that holds the key`)

	o.Key = "ANOTHER"
	_, err = o.Open(t.Context())
	require.ErrorIs(t, err, secrets.ErrNoKey)
	require.ErrorContains(t, err, "ANOTHER")

	o = momentocache.Opener{Source: text(" {"), Key: member, Endpoint: s.addr}
	_, err = o.Open(t.Context())
	require.ErrorIs(t, err, secrets.ErrNotJSON)
}

func TestAnEndpointOfAnotherFormIsRefusedBeforeTheSecretIsFetched(t *testing.T) {
	o := momentocache.Opener{Source: secrets.SourceFunc(func(context.Context) (secrets.Document, error) {
		return secrets.Document{}, assert.AnError
	})}
	for _, endpoint := range []string{
		"", region, "127.0.0.1:8080", "127.1.2.3:1", "localhost:65535", "LocalHost:80", "[::1]:8080", "[::ffff:127.0.0.1]:80",
	} {
		o.Endpoint = endpoint
		_, err := o.Open(t.Context())
		require.ErrorIs(t, err, assert.AnError, endpoint)
	}
	for endpoint, want := range map[string]string{
		"cache." + region:                "the region's endpoint",
		"api.cache." + region:            "the region's endpoint",
		"Cache." + region:                "the region's endpoint",
		"API." + region:                  "the region's endpoint",
		"https://" + region:              "a URL",
		"http://127.0.0.1:8080":          "a URL",
		region + ":443":                  "has a port but is not a loopback address",
		"10.0.0.1:8080":                  "has a port but is not a loopback address",
		"0.0.0.0:8080":                   "has a port but is not a loopback address",
		"127.0.0.1@example.com:443":      "has a port but is not a loopback address",
		"[2001:db8::1]:443":              "has a port but is not a loopback address",
		":8080":                          "has a port but is not a loopback address",
		"10.0.0.1":                       "an IP address",
		"127.0.0.1":                      "an IP address",
		"::1":                            "host:port",
		"us-east-1":                      "not a host",
		"localhost":                      "not a host",
		"cell-1..example.com":            "not a host",
		"cell-1.example.com/":            "not a host",
		"127.0.0.1:":                     "port",
		"127.0.0.1:0":                    "port",
		"127.0.0.1:65536":                "port",
		"127.0.0.1:80/../../example.com": "port",
	} {
		o.Endpoint = endpoint
		_, err := o.Open(t.Context())
		require.ErrorContains(t, err, want, endpoint)
		require.ErrorContains(t, err, "momentocache: Opener.Endpoint")
		require.NotErrorIs(t, err, assert.AnError)
	}
}
