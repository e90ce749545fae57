package emulator

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"time"
)

// NewKey returns a new v2 API key of Momento, a JWT without a valid signature. The zero time means
// no expiry.
func NewKey(expiry time.Time) string {
	claims := fmt.Sprintf(`"t":"g","sub":"emulator","jti":%q`, rand.Text())
	if !expiry.IsZero() {
		claims += fmt.Sprintf(`,"exp":%d`, expiry.Unix())
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode([]byte("{"+claims+"}")) + "." + encode([]byte(rand.Text()))
}
