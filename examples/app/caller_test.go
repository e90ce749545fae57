package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/app"
)

func echoCaller(_ context.Context, r *app.Request) (any, error) { return r.Caller() }

func TestCallerIsTheUserOfTheAuthorizer(t *testing.T) {
	f := app.New("GET /", echoCaller)
	for _, c := range []struct{ name, authorizer, want string }{
		{"Lambda authorizer of a REST API", `{"principalId":"ada","integrationLatency":7,"clientId":1}`, "ada"},
		{"Cognito authorizer of a REST API", `{"claims":{"sub":"ada","email":"a@example.com"}}`, "ada"},
		{"JWT authorizer of an HTTP API", `{"jwt":{"claims":{"sub":"ada","exp":"1"},"scopes":null}}`, "ada"},
		{"Lambda authorizer of an HTTP API", `{"lambda":{"principalId":"ada"}}`, "ada"},
		{"several", `{"principalId":"ada","claims":{"sub":"eve"},"jwt":{"claims":{"sub":"mallory"}}}`, "ada"},
		{"empty, then one", `{"principalId":"","claims":{"sub":"ada"}}`, "ada"},
		{"none", `{}`, ""},
		{"null", `null`, ""},
		{"claims without sub", `{"claims":{"email":"a@example.com"}}`, ""},
		{"principal that is no text", `{"principalId":7}`, ""},
		{"claims that are no object", `{"claims":"sub","jwt":[],"lambda":1}`, ""},
		{"IAM", `{"iam":{"userArn":"arn:aws:iam::123456789012:user/ada"}}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, event := range []string{
				`{"httpMethod":"GET","path":"/","requestContext":{"authorizer":%s}}`,
				`{"version":"1.0","httpMethod":"GET","path":"/","requestContext":{"authorizer":%s}}`,
				`{"version":"2.0","rawPath":"/","requestContext":{"http":{"method":"GET"},"authorizer":%s}}`,
			} {
				got := invoke(t, f, json.RawMessage(fmt.Sprintf(event, c.authorizer)))
				if c.want == "" {
					assert.Equal(t, 401, got.StatusCode)
					assert.JSONEq(t, `{"error":"the request has no authenticated caller"}`, got.Body)
					continue
				}
				assert.Equal(t, 200, got.StatusCode)
				assert.Equal(t, `"`+c.want+`"`, got.Body)
			}
		})
	}
}

func TestAuthorizationHeaderIsTrustedOnlyInTheDemo(t *testing.T) {
	f := app.New("GET /", echoCaller)
	for _, name := range []string{"Authorization", "authorization", "AUTHORIZATION"} {
		v1, v2 := rest("GET", "/", "/", nil), second("GET", "GET /", "/", nil)
		v1.Headers = map[string]string{name: "ada", "X": "y"}
		v2.Headers = v1.Headers
		for _, e := range []any{v1, v2} {
			for _, off := range []string{"", "false", "1", "TRUE"} {
				t.Setenv("DEMO_TRUST_AUTHORIZATION_HEADER", off)
				assert.Equal(t, 401, invoke(t, f, e).StatusCode, off)
			}
			t.Setenv("DEMO_TRUST_AUTHORIZATION_HEADER", "true")
			assert.Equal(t, `"ada"`, invoke(t, f, e).Body)
		}
	}
}

func TestAuthorizerTakesPrecedenceOverTheHeader(t *testing.T) {
	t.Setenv("DEMO_TRUST_AUTHORIZATION_HEADER", "true")
	e := rest("GET", "/", "/", nil)
	e.Headers = map[string]string{"Authorization": "eve"}
	e.RequestContext.Authorizer = map[string]any{"principalId": "ada"}
	assert.Equal(t, `"ada"`, invoke(t, app.New("GET /", echoCaller), e).Body)
	e.Headers, e.RequestContext.Authorizer = map[string]string{"Authorization": ""}, nil
	assert.Equal(t, 401, invoke(t, app.New("GET /", echoCaller), e).StatusCode)
}

func TestHeadersThatDifferInCaseDoNotMakeTheCallerRandom(t *testing.T) {
	t.Setenv("DEMO_TRUST_AUTHORIZATION_HEADER", "true")
	f := app.New("GET /", echoCaller)
	e := rest("GET", "/", "/", nil)
	for range 50 { // a map's order is random
		e.Headers = map[string]string{"Authorization": "ada", "authorization": "eve"}
		require.Equal(t, 401, invoke(t, f, e).StatusCode, "neither is believed")
		e.Headers = map[string]string{"Authorization": "", "authorization": "eve"}
		require.Equal(t, 401, invoke(t, f, e).StatusCode, "an empty one counts")
		e.Headers = map[string]string{"Authorization": "ada", "authorization": "ada"}
		require.Equal(t, `"ada"`, invoke(t, f, e).Body, "they agree")
	}
}
