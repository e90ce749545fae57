package momentocache

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/momentohq/client-sdk-go/auth"

	"github.com/warmclient/warmclient/secrets"
)

const exampleHost = "cell-us-east-1-1.prod.a.momentohq.com"

// ErrNeedsEndpoint is wrapped by the error of [Opener.Open] if the API key is a v2 key and Endpoint
// is "".
var ErrNeedsEndpoint = errors.New(
	"a v2 API key, which names no endpoint: set Opener.Endpoint to your region's, such as " + exampleHost)

var (
	errMalformed  = errors.New("not a Momento API key: neither a JWT nor base64 of JSON with endpoint and api_key")
	errUnsendable = errors.New("the API key is empty or holds white space, a control character or a character beyond ASCII")
	errNoHost     = errors.New("a JWT that names no host and is no v2 API key")
	errBadHost    = errors.New("the host that it names is malformed")
)

// apiKey is a parsed API key.
type apiKey struct {
	token secrets.Token // sent to the service
	v2    bool          // contains no host
	host  string        // of the service, such as cell-1.example.com; "" means none
	cache string        // of the caches; usually cache.<host>
	other string        // of the control plane, in a JWT; "" means control.<host>
}

// parseKey parses a key. The SDK does not parse it, because its versions treat some keys
// differently. Errors contain no part of the key.
func parseKey(text string) (k apiKey, err error) {
	if decoded, err := base64.StdEncoding.DecodeString(text); err == nil {
		var v1 struct {
			Endpoint string `json:"endpoint"`
			Key      string `json:"api_key"`
		}
		if json.Unmarshal(decoded, &v1) != nil || v1.Endpoint == "" || v1.Key == "" {
			return k, errMalformed
		}
		if !isHost(v1.Endpoint) {
			return k, errBadHost
		}
		k.host, k.cache = v1.Endpoint, "cache."+v1.Endpoint
		k.token, err = sendable(v1.Key)
		return k, err
	}
	c, ok := claimsOf(text)
	if !ok {
		return k, errMalformed
	}
	if k.token, err = sendable(text); err != nil {
		return k, err
	}
	switch {
	case c.Type == "g":
		k.v2 = true
	case c.Cache != nil:
		if k.cache, _ = c.Cache.(string); !isHost(k.cache) {
			return k, errBadHost
		}
		k.host = strings.TrimPrefix(k.cache, "cache.")
		k.other, _ = c.Control.(string)
	}
	return k, nil
}

// claims are the claims of a JWT that this package uses. The service verifies the signature.
type claims struct {
	Type    any      `json:"t"`
	Cache   any      `json:"c"`
	Control any      `json:"cp"`
	Expiry  *float64 `json:"exp"` // seconds since 1970: RFC 7519, section 4.1.4
}

func claimsOf(jwt string) (c claims, ok bool) {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return c, false
	}
	header, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil || !json.Valid(header) {
		return c, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	return c, err == nil && json.Unmarshal(payload, &c) == nil
}

// sendable returns key as a Token if it can be sent in a header and has not expired. Only the
// expiry of a JWT is known.
func sendable(key string) (secrets.Token, error) {
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return secrets.Token{}, errUnsendable
		}
	}
	if c, ok := claimsOf(key); ok && c.Expiry != nil {
		// The expiry is clamped to times that can be formatted.
		at := time.Unix(int64(math.Min(math.Max(*c.Expiry, 0), 1<<37)), 0)
		if !time.Now().Before(at) {
			return secrets.Token{}, fmt.Errorf("expired at %s", at.UTC().Format(time.RFC3339))
		}
	}
	token, err := secrets.Static(key).Text()
	if err != nil {
		return secrets.Token{}, errUnsendable
	}
	return token, nil
}

// endpoints returns the endpoints of a client with this key, as documented at Opener.Endpoint.
// checkEndpoint has accepted endpoint.
func (k apiKey) endpoints(endpoint string) (auth.AllEndpoints, error) {
	secure := func(host string) auth.Endpoint { return auth.Endpoint{Endpoint: host + ":443"} }
	all := func(host, cache string) auth.AllEndpoints {
		return auth.AllEndpoints{
			CacheEndpoint: secure(cache), ControlEndpoint: secure("control." + host),
			TokenEndpoint: secure("token." + host), StorageEndpoint: secure("storage." + host),
		}
	}
	switch {
	case strings.Contains(endpoint, ":"): // loopback
		local := auth.Endpoint{Endpoint: endpoint, InsecureConnection: true}
		return auth.AllEndpoints{ControlEndpoint: local, CacheEndpoint: local, TokenEndpoint: local, StorageEndpoint: local}, nil
	case k.v2 && endpoint == "":
		return auth.AllEndpoints{}, ErrNeedsEndpoint
	case k.v2:
		return all(endpoint, "cache."+endpoint), nil
	case k.host == "":
		return auth.AllEndpoints{}, errNoHost
	case endpoint != "" && !strings.EqualFold(endpoint, k.host):
		return auth.AllEndpoints{}, fmt.Errorf("names the host %s, but Opener.Endpoint is %s", k.host, endpoint)
	}
	hosts := all(k.host, k.cache)
	if isHost(k.other) {
		hosts.ControlEndpoint = secure(k.other)
	}
	return hosts, nil
}

// checkEndpoint returns an error if endpoint is not a valid Opener.Endpoint.
func checkEndpoint(endpoint string) error {
	lower := strings.ToLower(endpoint)
	switch {
	case endpoint == "":
		return nil
	case strings.Contains(endpoint, "://"):
		return errors.New("a URL: it must be a host, such as " + exampleHost)
	case strings.HasPrefix(lower, "cache."), strings.HasPrefix(lower, "api."):
		return errors.New("a host of one of the region's services: it must be the region's endpoint, such as " + exampleHost)
	case strings.Contains(endpoint, ":"):
		return checkLoopback(endpoint)
	}
	if _, err := netip.ParseAddr(endpoint); err == nil {
		return errors.New("an IP address without a port: it must be a host, such as " + exampleHost)
	}
	if !strings.Contains(endpoint, ".") || !isHost(endpoint) {
		return errors.New("not a host of the Momento service, such as " + exampleHost)
	}
	return nil
}

// checkLoopback returns an error if address is not a loopback address, because the key is sent in
// plain text.
func checkLoopback(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return errors.New("not of the form host:port")
	}
	addr, err := netip.ParseAddr(host)
	if !strings.EqualFold(host, "localhost") && (err != nil || !addr.Unmap().IsLoopback()) {
		return errors.New("has a port but is not a loopback address: it must be a host, such as " + exampleHost)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return errors.New("port is not a number from 1 to 65535")
	}
	return nil
}

func isHost(host string) bool {
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || strings.ContainsFunc(label, notInHost) {
			return false
		}
	}
	return true
}

func notInHost(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-', r == '_':
		return false
	}
	return true
}
