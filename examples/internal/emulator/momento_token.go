package emulator

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"time"
)

// host is what the tokens name as the service's: a name that never resolves (RFC 2606), so that
// a client which forgets to ask for the local address fails rather than call someone.
const host = "momento.invalid"

// NewToken mints an API key of today's shape: base64 of {"endpoint", "api_key"}, the key being a
// signed JWT that is different each time. A zero expiry is none.
func NewToken(expiry time.Time) string {
	token := encodeJSON(map[string]string{"endpoint": host, "api_key": jwt(expiry, nil)})
	return base64.StdEncoding.EncodeToString(token)
}

// NewLegacyToken mints a token of the shape before: a JWT whose claims c and cp are the endpoints
// of the cache and of the control plane.
func NewLegacyToken(expiry time.Time) string {
	return jwt(expiry, map[string]any{"c": "cache." + host, "cp": "control." + host})
}

func jwt(expiry time.Time, claims map[string]any) string {
	payload := map[string]any{"sub": "emulator", "jti": rand.Text()}
	maps.Copy(payload, claims)
	if !expiry.IsZero() {
		payload["exp"] = expiry.Unix()
	}
	b64 := base64.RawURLEncoding
	text := b64.EncodeToString(encodeJSON(map[string]string{"alg": "HS256", "typ": "JWT"})) +
		"." + b64.EncodeToString(encodeJSON(payload))
	mac := hmac.New(sha256.New, []byte(rand.Text())) // nobody verifies it: the server knows its token by heart
	mac.Write([]byte(text))
	return text + "." + b64.EncodeToString(mac.Sum(nil))
}

func encodeJSON(v any) []byte {
	encoded, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of strings and numbers always encode
	}
	return encoded
}

// apiKey is what the SDK sends for a token: the inner key of one of today's shape, else the
// token itself.
func apiKey(token string) string {
	decoded, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		return token
	}
	var v1 struct {
		APIKey string `json:"api_key"`
	}
	if json.Unmarshal(decoded, &v1) != nil || v1.APIKey == "" {
		return token
	}
	return v1.APIKey
}
