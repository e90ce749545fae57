package momentotest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// newKey returns a new v2 API key: a signed JWT with the claim t = g.
func newKey() string {
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." +
		encode(fmt.Appendf(nil, `{"t":"g","sub":"momentotest","jti":%q}`, rand.Text()))
	mac := hmac.New(sha256.New, []byte(rand.Text())) // not verified: the server compares the key
	mac.Write([]byte(text))
	return text + "." + encode(mac.Sum(nil))
}
