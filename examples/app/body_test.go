package app_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/examples/app"
)

func echoUser(_ context.Context, r *app.Request) (any, error) {
	var u accounts.User
	if err := r.Decode(&u); err != nil {
		return nil, err
	}
	return u, nil
}

func TestBodyMustBeOneObjectWithExactlyTheFields(t *testing.T) {
	f := app.New("POST /users", echoUser)
	const valid = `{"username":"u","firstName":"f","lastName":"l"}`
	padded := func(n int) string { return strings.Repeat(" ", n-len(valid)) + valid }
	for _, c := range []struct {
		name, body string
		want       string // the error; "": none
	}{
		{"valid", valid, ""},
		{"other order, white space", "\n {\"lastName\":\"l\",\t\"username\":\"u\",\"firstName\":\"f\"} \n", ""},
		{"escaped name", `{"\u0075sername":"u","firstName":"f","lastName":"l"}`, ""},
		{"as long as may be", padded(64 << 10), ""},
		{"longer", padded(64<<10 + 1), "the body is longer than 65536 bytes"},
		{"empty", ``, "the body is not one JSON object"},
		{"no JSON", `username=u`, "the body is not one JSON object"},
		{"cut off", valid[:len(valid)-1], "the body is not one JSON object"},
		{"trailing data", valid + `{}`, "the body is not one JSON object"},
		{"trailing garbage", valid + `]`, "the body is not one JSON object"},
		{"array", `[` + valid + `]`, "the body is not one JSON object"},
		{"null", `null`, "the body is not one JSON object"},
		{"string", `"u"`, "the body is not one JSON object"},
		{"comma", `{"username":"u","firstName":"f","lastName":"l",}`, "the body is not one JSON object"},
		{"missing field", `{"username":"u","firstName":"f"}`, `the body has no "lastName"`},
		{"no field", `{}`, `the body has no "username"`},
		{"unknown field", `{"username":"u","firstName":"f","lastName":"l","x":1}`, `the body has an unknown "x"`},
		{"field twice", `{"username":"u","username":"v","firstName":"f","lastName":"l"}`, `the body has "username" twice`},
		{"field twice, once escaped", `{"username":"u","\u0075sername":"v","firstName":"f","lastName":"l"}`, `the body has "username" twice`},
		{"other case", `{"Username":"u","firstName":"f","lastName":"l"}`, `the body has no "username"`},
		{"field in both cases", `{"username":"u","USERNAME":"v","firstName":"f","lastName":"l"}`, `the body has an unknown "USERNAME"`},
		{"null field", `{"username":null,"firstName":"f","lastName":"l"}`, `"username" must be a string`},
		{"number", `{"username":1,"firstName":"f","lastName":"l"}`, `"username" must be a string`},
		{"object", `{"username":{},"firstName":"f","lastName":"l"}`, `"username" must be a string`},
		{"long unknown field", `{"username":"u","firstName":"f","lastName":"l","` + strings.Repeat("x", 1000) + `":1}`,
			`the body has an unknown "` + strings.Repeat("x", 64) + `"`},
		{"half a surrogate pair", `{"username":"\ud800","firstName":"f","lastName":"l"}`, `"username" has a character that is no text`},
		{"half a pair, then text", `{"username":"u","firstName":"\udc00x","lastName":"l"}`, `"firstName" has a character that is no text`},
		{"half a pair as a name", `{"username":"u","firstName":"f","lastName":"l","\ud800":1}`, "the body has an unknown \"\uFFFD\""},
		{"invalid UTF-8", "{\"username\":\"\xff\",\"firstName\":\"f\",\"lastName\":\"l\"}", "the body is not one JSON object"},
	} {
		t.Run(c.name, func(t *testing.T) {
			encoded := functionURL("POST", "/users")
			encoded.Body, encoded.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(c.body)), true
			event := []any{encoded}
			if !strings.Contains(c.body, "\xff") { // JSON cannot represent it
				v1, v2 := rest("POST", "/users", "/users", nil), second("POST", "POST /users", "/users", nil)
				v1.Body, v2.Body = c.body, c.body
				event = append(event, v1, v2)
			}
			for _, e := range event {
				got := invoke(t, f, e)
				if c.want == "" {
					assert.Equal(t, 200, got.StatusCode)
					assert.Equal(t, valid, got.Body)
					continue
				}
				assert.Equal(t, 400, got.StatusCode)
				want, err := json.Marshal(map[string]string{"error": c.want})
				assert.NoError(t, err)
				assert.Equal(t, string(want), got.Body)
			}
		})
	}
}

func TestBodyThatIsNotBase64IsRefused(t *testing.T) {
	e := functionURL("POST", "/users")
	e.Body, e.IsBase64Encoded = "{}", true
	got := invoke(t, app.New("POST /users", echoUser), e)
	assert.Equal(t, 400, got.StatusCode)
	assert.Contains(t, got.Body, "not base64")
}

func TestNullBodyOfARESTAPIIsEmpty(t *testing.T) {
	got := invoke(t, app.New("POST /users", echoUser), json.RawMessage(`{"httpMethod":"POST","path":"/users","body":null,"headers":null,"pathParameters":null}`))
	assert.Equal(t, 400, got.StatusCode)
	assert.Contains(t, got.Body, "not one JSON object")
}
