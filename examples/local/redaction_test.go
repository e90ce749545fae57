package main

import (
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/app"
	"github.com/warmclient/warmclient/examples/internal/emulator"
)

// The run has everything in it that must not be logged: the AWS keys, the token in all its shapes,
// good and bad, the secret's text, and an Authorization header.
func TestLogHoldsNoSecretTokenOrAuthorization(t *testing.T) {
	s := startService(t)
	const (
		keyID, key, session = "AKIDSENTINEL", "secretkeysentinel", "sessionsentinel"
		authorization       = "Bearer authorizationsentinel"
		malformed           = "malformedtokensentinel"
	)
	t.Setenv("AWS_ACCESS_KEY_ID", keyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", key)
	t.Setenv("AWS_SESSION_TOKEN", session)
	t.Setenv("DEMO_TRUST_AUTHORIZATION_HEADER", "")

	forbidden := []string{keyID, key, session, "authorizationsentinel"}
	use := func(token string) {
		s.SecretsManager.Put(os.Getenv("MOMENTO_SECRET_ID"), secretOf(token))
		forbidden = append(forbidden, pieces(token)...)
	}
	forbidden = append(forbidden, pieces(s.Momento.Token())...)
	s.warm(t)
	s.createUsers(t, "ada")
	s.eventually(t, get("/users/ada"), fromHit)

	good := emulator.NewToken(time.Time{})
	for _, token := range []string{
		emulator.NewToken(time.Now().Add(-time.Hour)), // expired
		emulator.NewToken(time.Time{}),                // refused
		malformed,
		good,
	} {
		use(token)
		s.Momento.SetToken(good)
		if token != malformed { // which never gets as far as to Momento
			s.Momento.Inject(emulator.Fault{Op: "Get", Action: emulator.Fail, Status: 16, Message: "bad token " + token, Times: 2})
		}
		app.Accounts.Reset() // its breaker would keep the cache out of it
		for range 3 {
			assert.Equal(t, http.StatusOK, s.send(t, get("/users/ada")).status)
		}
		app.Momento.Reset()
		if err := app.Momento.Warm(t.Context()); err != nil {
			slog.Warn("warm-up", "error", err.Error())
		}
	}
	s.Momento.Heal()
	app.Accounts.Reset()
	s.eventually(t, get("/users/ada"), fromHit)

	s.DynamoDB.Inject(emulator.Fault{Action: emulator.Fail, Status: 500})
	function := app.New("POST /organizations", createOrganization)
	for _, authorizer := range []string{`{}`, `{"principalId":"ada"}`} {
		_, err := function(t.Context(), json.RawMessage(`{"httpMethod":"POST","path":"/organizations",
			"headers":{"Authorization":"`+authorization+`"},"requestContext":{"authorizer":`+authorizer+`},
			"body":"{\"organizationName\":\"Tech Corp\"}"}`))
		require.NoError(t, err)
	}
	_, err := function(t.Context(), json.RawMessage(`{"headers":{"Authorization":"`+authorization+`"},"body":1}`))
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "sentinel")

	text := s.log.String()
	for _, seen := range []string{
		"Invalidated", "does not accept the token", "expired at", "not a Momento token", "InternalServerError", `"level":"DEBUG"`,
	} {
		assert.True(t, strings.Contains(text, seen), "the run has seen it all: %s", seen)
	}
	for _, secret := range forbidden {
		assert.False(t, strings.Contains(text, secret), secret)
	}
}

// pieces are the parts by which a token would be known: itself, the API key in it, and the parts of
// that JWT but its first, which is the same in all.
func pieces(token string) []string {
	all := []string{token}
	var v1 struct {
		Key string `json:"api_key"`
	}
	if decoded, err := base64.StdEncoding.DecodeString(token); err == nil && json.Unmarshal(decoded, &v1) == nil {
		all = append(all, strings.Split(v1.Key, ".")[1:]...)
		all = append(all, v1.Key)
	}
	for _, whole := range slices.Clip(all) {
		all = append(all, whole[:12], whole[len(whole)-12:])
	}
	return all
}
