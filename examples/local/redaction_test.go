package main

import (
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
	forbidden = append(forbidden, pieces(s.Momento.Key())...)
	s.warm(t)
	s.createUsers(t, "ada")
	s.eventually(t, get("/users/ada"), fromHit)

	good := emulator.NewKey(time.Time{})
	for _, token := range []string{
		emulator.NewKey(time.Now().Add(-time.Hour)), // expired
		emulator.NewKey(time.Time{}),                // refused
		malformed,
		good,
	} {
		use(token)
		s.Momento.Accept(good)
		if token != malformed { // which never gets as far as to Momento
			s.Momento.Inject(emulator.Fault{Op: "Get", Action: emulator.Fail, Status: 16, Message: "bad token " + token, Times: 2})
		}
		app.Accounts.Reset() // its breaker would keep the cache out of it
		for range 3 {
			assert.Equal(t, http.StatusOK, s.send(t, get("/users/ada")).status)
		}
		app.Momento.Reset()
		app.Valkey.Reset()
		if err := app.Momento.Warm(t.Context()); err != nil {
			slog.Warn("warm-up", "error", err.Error())
		}
	}
	s.Momento.Heal()
	app.Accounts.Reset()
	s.eventually(t, get("/users/ada"), fromHit)

	s.DynamoDB.Inject(emulator.Fault{Action: emulator.Fail, Status: 500})
	function := app.New("POST /organizations", app.With(&app.Accounts, createOrganization))
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
		"Invalidated", "does not accept the API key", "expired at", "not a Momento API key", "InternalServerError", `"level":"DEBUG"`,
	} {
		assert.True(t, strings.Contains(text, seen), "the run has seen it all: %s", seen)
	}
	for _, secret := range forbidden {
		assert.False(t, strings.Contains(text, secret), secret)
	}
}

// pieces are the parts by which a key would be known: itself, its ends, and the parts of the JWT
// but the first, which is the same in all.
func pieces(key string) []string {
	all := []string{key}
	if parts := strings.Split(key, "."); len(parts) == 3 {
		all = append(all, parts[1:]...)
	}
	for _, whole := range slices.Clip(all) {
		all = append(all, whole[:12], whole[len(whole)-12:])
	}
	return all
}
