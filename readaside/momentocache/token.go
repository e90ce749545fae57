package momentocache

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/warmclient/warmclient/secrets"
)

var (
	errMalformed  = errors.New("not a Momento token: neither a JWT nor base64 of JSON with endpoint and api_key")
	errUnsendable = errors.New("the API key inside is empty or holds white space, a control character or a character beyond ASCII")
	errNoEndpoint = errors.New("names no host of the Momento service")
)

// sendable returns an API key as a Token if it can be sent as a header and has
// not expired. Keys that are no JWT are opaque, and so is their expiry.
func sendable(key string) (secrets.Token, error) {
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return secrets.Token{}, errUnsendable
		}
	}
	if at, ok := expiry(key); ok && !time.Now().Before(at) {
		return secrets.Token{}, fmt.Errorf("expired at %s", at.UTC().Format(time.RFC3339))
	}
	token, err := secrets.Static(key).Text()
	if err != nil {
		return secrets.Token{}, errUnsendable
	}
	return token, nil
}

// expiry reads the exp claim of a JWT, seconds since 1970 (RFC 7519, section
// 4.1.4). The signature is for the service to check.
func expiry(jwt string) (time.Time, bool) {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return time.Time{}, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return time.Time{}, false
	}
	var claims struct {
		Exp *float64 `json:"exp"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Exp == nil {
		return time.Time{}, false
	}
	// Beyond what a time can be formatted as, a date says nothing any more.
	seconds := math.Min(math.Max(*claims.Exp, 0), 1<<37)
	return time.Unix(int64(seconds), 0), true
}

// reachable reports whether address is a plain host with the port that the SDK
// appends. Where a claim is missing or no string, the SDK's host is the text of
// a reflect.Value, "<invalid Value>" and the like.
func reachable(address string) bool {
	host := strings.TrimSuffix(address, ":443")
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
