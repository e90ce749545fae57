package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/internal/emulator"
)

// exchange is a request with its answer.
type exchange struct {
	request
	status int
	body   string
}

// story is what two users do, in an order that makes sense. The names are not plain, to see what
// becomes of them on their way through a path.
func story(ada, grace, name, slug string) []exchange {
	org := map[string]string{"organization": slug}
	member := func(username string) map[string]string {
		return map[string]string{"organization": slug, "username": username}
	}
	return []exchange{
		{createUser(ada), http.StatusOK, userBody(ada)},
		{createUser(ada), http.StatusConflict, ""},
		{createUser(grace), http.StatusOK, userBody(grace)},
		{getUser(ada), http.StatusOK, userBody(ada)},
		{getUser("nobody"), http.StatusNotFound, ""},
		{request{function: "createorganization", caller: ada, body: `{"organizationName":"` + name + `"}`}, http.StatusOK,
			`{"organization":{"organizationName":"` + slug + `","foundingUser":"` + ada + `"}}`},
		{request{function: "getorganization", values: org}, http.StatusOK,
			`{"organization":{"organizationName":"` + slug + `","foundingUser":"` + ada + `"}}`},
		{request{function: "addusertoorganization", values: org, caller: ada, body: `{"memberUsername":"` + grace + `","role":"Member"}`}, http.StatusOK,
			`{"membership":{"organizationName":"` + slug + `","memberUsername":"` + grace + `","role":"Member"}}`},
		{request{function: "addusertoorganization", values: org, caller: grace, body: `{"memberUsername":"` + ada + `","role":"Admin"}`}, http.StatusForbidden, ""},
		{request{function: "getmembership", values: member(ada)}, http.StatusOK,
			`{"membership":{"organizationName":"` + slug + `","memberUsername":"` + ada + `","role":"Owner"}}`},
		{request{function: "getmembership", values: member(grace)}, http.StatusOK,
			`{"membership":{"organizationName":"` + slug + `","memberUsername":"` + grace + `","role":"Member"}}`},
		{request{function: "createuser", body: `{"username":"x"}`}, http.StatusBadRequest, ""},
		{request{function: "createorganization", body: `{"organizationName":"x"}`}, http.StatusUnauthorized, ""},
	}
}

func TestAllSixFunctionsAnswerColdAndWarmInvocations(t *testing.T) {
	t.Parallel()
	s := startServices(t)
	all, err := routes()
	require.NoError(t, err)
	functions := map[string]*function{}
	for name := range all {
		functions[name] = s.start(t, name)
	}

	sent := map[string]int{}
	tell := func(shape shape, e exchange) {
		res := functions[e.function].sendAs(t, shape, e.request)
		sent[e.function]++
		assert.Equal(t, e.status, res.Status, "%s, %+v: %s", shape.name, e.request, res.Body)
		assert.Equal(t, "application/json", res.Headers["content-type"])
		if e.status == http.StatusOK {
			assert.JSONEq(t, e.body, res.Body, "%s, %+v", shape.name, e.request)
		} else {
			assert.Regexp(t, `^\{"error":".+"\}$`, res.Body)
		}
	}
	for _, e := range story("ada lovelace+%41", "grace/hopper", "Tech Corp", "tech-corp") {
		tell(httpAPI, e)
	}
	for _, e := range story("bj\u00f6rk", "jean&alan", "Other Corp", "other-corp") {
		tell(restAPI, e)
	}
	tell(functionURL, exchange{createUser("katherine"), http.StatusOK, userBody("katherine")})
	tell(functionURL, exchange{getUser("katherine"), http.StatusOK, userBody("katherine")})
	tell(functionURL, exchange{getUser("ada lovelace+%41"), http.StatusOK, userBody("ada lovelace+%41")})
	tell(functionURL, exchange{request{function: "getorganization", values: map[string]string{"organization": "tech-corp"}}, http.StatusOK,
		`{"organization":{"organizationName":"tech-corp","foundingUser":"ada lovelace+%41"}}`})

	tell(functionURL, exchange{request{function: "createorganization", caller: "katherine", body: `{"organizationName":"x"}`}, http.StatusUnauthorized, ""})

	for name, f := range functions {
		f.end(t)
		requests := f.lines(t, "request")
		require.Len(t, requests, sent[name], name)
		for i, l := range requests {
			assert.Equal(t, i == 0, l.Cold, "%s, request %d", name, i)
			assert.Equal(t, all[name], l.Route)
			assert.NotEmpty(t, l.RequestID)
		}
		assert.Equal(t, 1, f.count(t, "dynamodb", "Opened"), name)
	}
}

func TestAWarmProcessAnswersFromTheCacheAlone(t *testing.T) {
	t.Parallel()
	s := startServices(t)
	s.put(t, "ada")
	f := s.start(t, "getuser")
	s.eventuallyCached(t, f, getUser("ada"))
	s.DynamoDB.Inject(emulator.Fault{Action: emulator.Refuse})
	// Not each time: a machine that stalls is late for the cache, too.
	eventually(t, func() bool {
		res, err := f.invoke(t.Context(), httpAPI.invocation(t, getUser("ada")))
		return err == nil && res.Status == http.StatusOK
	})
	f.end(t)
	assert.Equal(t, 1, f.count(t, "dynamodb", "Opened"))
	// A client is opened again only after the machine has stalled for three of its calls.
	assert.LessOrEqual(t, s.SecretsManager.Requests("GetSecretValue"), 1+f.count(t, "momento", "Invalidated"))
}

// An invocation that Lambda has to end costs the process, and its successor a cold start.
func TestAnInvocationIsAnsweredBeforeItsDeadlineAndTheNextOneIsHealthy(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ hung, next request }{
		{getUser("ada"), getUser("ada")},
		{createUser("grace"), createUser("barbara")}, // whether a hung write is committed is open
	} {
		t.Run(test.hung.function, func(t *testing.T) {
			t.Parallel()
			s := startServices(t)
			s.put(t, "ada")
			f := s.start(t, test.hung.function)
			f.ready(t)

			s.DynamoDB.Inject(emulator.Fault{Action: emulator.Hang})
			in := httpAPI.invocation(t, test.hung)
			in.Timeout = time.Second // what the service allows a read, and less than it allows a write
			in.Grace = 10 * time.Second
			const attempts = 5
			for range attempts {
				res, err := f.invoke(t.Context(), in)
				require.NoError(t, err)
				assert.Equal(t, http.StatusGatewayTimeout, res.Status)
				assert.JSONEq(t, `{"error":"no answer in time, try again later"}`, res.Body)
			}
			s.DynamoDB.Heal()
			f.must(t, test.next)
			f.end(t)
			lines := f.lines(t, "request")
			require.Len(t, lines, attempts+1)
			least := time.Hour
			for _, l := range lines[:attempts] {
				assert.Equal(t, "ERROR", l.Level)
				assert.Contains(t, l.Error, "deadline exceeded")
				least = min(least, time.Duration(l.Duration*float64(time.Millisecond)))
			}
			// The function leaves itself a tenth of a second. A busy machine can stall for longer,
			// but not always.
			assert.Less(t, least, in.Timeout-50*time.Millisecond)
		})
	}
}

// What is no HTTP request has no HTTP answer: it is an error of the function, which lives on.
func TestAnEventOfAnotherKindIsAFunctionErrorAndTheProcessLivesOn(t *testing.T) {
	t.Parallel()
	s := startServices(t)
	s.put(t, "ada")
	f := s.start(t, "getuser")
	in := httpAPI.invocation(t, getUser("ada"))
	in.Payload = []byte(`{"Records": [{"eventSource": "aws:sqs"}]}`)
	_, err := f.invoke(t.Context(), in)
	require.ErrorContains(t, err, "not a proxy event")
	f.must(t, getUser("ada"))
}
