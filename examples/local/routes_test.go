package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/app"
	"github.com/warmclient/warmclient/examples/internal/emulator"
)

func TestSixRoutesAnswerAsTheContractSays(t *testing.T) {
	s := startService(t)
	s.createUsers(t, "ada", "grace", "alan", "a b/c%2F+")
	s.must(t, post("/organizations", "ada", `{"organizationName":"Tech Corp"}`))
	s.must(t, post("/organizations/tech-corp/members", "ada", `{"memberUsername":"grace","role":"Member"}`))

	const members = "/organizations/tech-corp/members"
	for _, c := range []struct {
		name   string
		ask    ask
		status int
		body   string
	}{
		{"user is created", post("/users", "", `{"username":"bob","firstName":"Bob","lastName":"<B>"}`),
			200, `{"user":{"username":"bob","firstName":"Bob","lastName":"<B>"}}`},
		{"user with empty names", post("/users", "", `{"username":"x","firstName":"","lastName":""}`),
			200, `{"user":{"username":"x","firstName":"","lastName":""}}`},
		{"user is read", get("/users/ada"),
			200, `{"user":{"username":"ada","firstName":"First","lastName":"Last"}}`},
		{"user whose name needs escaping", get("/users/a%20b%2Fc%252F+"),
			200, `{"user":{"username":"a b/c%2F+","firstName":"First","lastName":"Last"}}`},
		{"organization is created", post("/organizations", "ada", `{"organizationName":"Acme, Inc."}`),
			200, `{"organization":{"organizationName":"acme-inc","foundingUser":"ada"}}`},
		{"organization is read", get("/organizations/tech-corp"),
			200, `{"organization":{"organizationName":"tech-corp","foundingUser":"ada"}}`},
		{"organization is read by its name", get("/organizations/Tech%20Corp"),
			200, `{"organization":{"organizationName":"tech-corp","foundingUser":"ada"}}`},
		{"member is added", post(members, "ada", `{"memberUsername":"alan","role":"Admin"}`),
			200, `{"membership":{"organizationName":"tech-corp","memberUsername":"alan","role":"Admin"}}`},
		{"membership is read", get(members + "/grace"),
			200, `{"membership":{"organizationName":"tech-corp","memberUsername":"grace","role":"Member"}}`},
		{"founder is the owner", get(members + "/ada"),
			200, `{"membership":{"organizationName":"tech-corp","memberUsername":"ada","role":"Owner"}}`},

		{"body is no JSON", post("/users", "", `{`), 400, `{"error":"the body is not one JSON object"}`},
		{"field is unknown", post("/users", "", `{"username":"u","firstName":"","lastName":"","admin":"yes"}`),
			400, `{"error":"the body has an unknown \"admin\""}`},
		{"field is missing", post("/users", "", `{"username":"u","firstName":""}`),
			400, `{"error":"the body has no \"lastName\""}`},
		{"field of another route", post(members, "ada", `{"organizationName":"x","memberUsername":"bob","role":"Admin"}`),
			400, `{"error":"the body has an unknown \"organizationName\""}`},
		{"username is bad", post("/users", "", `{"username":"a#b","firstName":"","lastName":""}`),
			400, `{"error":"user \"a#b\": invalid: the username contains a #"}`},
		{"username in the path is bad", get("/users/a%23b"),
			400, `{"error":"user \"a#b\": invalid: the username contains a #"}`},
		{"organization has no slug", post("/organizations", "ada", `{"organizationName":"!"}`),
			400, `{"error":"organization \"!\": invalid: the name has no letters or digits that make a slug"}`},
		{"role is bad", post(members, "ada", `{"memberUsername":"bob","role":"Boss"}`),
			400, `{"error":"membership \"tech-corp/bob\": invalid: the role must be Owner, Admin or Member"}`},
		{"caller is bad", post("/organizations", "a#b", `{"organizationName":"New"}`),
			400, `{"error":"user \"a#b\": invalid: the username contains a #"}`},

		{"no caller founds", post("/organizations", "", `{"organizationName":"New"}`),
			401, `{"error":"the request has no authenticated caller"}`},
		{"no caller adds", post(members, "", `{"memberUsername":"bob","role":"Member"}`),
			401, `{"error":"the request has no authenticated caller"}`},
		{"role is too low", post(members, "grace", `{"memberUsername":"bob","role":"Member"}`),
			403, `{"error":"membership \"tech-corp/grace\": forbidden: the role is too low to add this role: Member"}`},

		{"no such user", get("/users/nobody"), 404, `{"error":"user \"nobody\": not found"}`},
		{"no such organization", get("/organizations/nothing"), 404, `{"error":"organization \"nothing\": not found"}`},
		{"no such membership", get(members + "/bob"), 404, `{"error":"membership \"tech-corp/bob\": not found"}`},
		{"founder does not exist", post("/organizations", "nobody", `{"organizationName":"New"}`),
			404, `{"error":"user \"nobody\": not found"}`},
		{"organization to join does not exist", post("/organizations/nothing/members", "ada", `{"memberUsername":"bob","role":"Member"}`),
			404, `{"error":"organization \"nothing\": not found"}`},
		{"new member does not exist", post(members, "ada", `{"memberUsername":"nobody","role":"Member"}`),
			404, `{"error":"user \"nobody\": not found"}`},
		{"adder is no member", post(members, "bob", `{"memberUsername":"x","role":"Member"}`),
			404, `{"error":"membership \"tech-corp/bob\": not found: only members can add members"}`},

		{"username is taken", post("/users", "", `{"username":"ada","firstName":"A","lastName":"L"}`),
			409, `{"error":"user \"ada\": already exists"}`},
		{"slug is taken", post("/organizations", "grace", `{"organizationName":"TECH corp"}`),
			409, `{"error":"organization \"TECH corp\": already exists: the organization's slug is \"tech-corp\""}`},
		{"is a member", post(members, "ada", `{"memberUsername":"grace","role":"Member"}`),
			409, `{"error":"membership \"tech-corp/grace\": already exists"}`},

		{"no such path", get("/accounts"), 404, `{"error":"not found"}`},
		{"no such method", ask{method: http.MethodDelete, path: "/users/ada"}, 405, `{"error":"method not allowed"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := s.send(t, c.ask)
			assert.Equal(t, c.status, got.status)
			assert.JSONEq(t, c.body, got.body)
		})
	}
	assert.Empty(t, s.log.lines(t, "panic"))
}

func TestOtherMethodsOfARouteAreAnsweredByTheFunction(t *testing.T) {
	server := httptest.NewServer(newFront())
	defer server.Close()
	for _, f := range functions {
		method, path, _ := strings.Cut(f.route, " ")
		for _, other := range []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"} {
			if other == method {
				continue
			}
			r, err := http.NewRequestWithContext(t.Context(), other, server.URL+strings.NewReplacer("{", "", "}", "").Replace(path), nil)
			require.NoError(t, err)
			local, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			body, err := io.ReadAll(local.Body)
			require.NoError(t, err)
			require.NoError(t, local.Body.Close())

			var e events.LambdaFunctionURLRequest
			e.Version, e.RawPath = "2.0", path
			e.RequestContext.DomainName = "id.lambda-url.us-east-1.on.aws"
			e.RequestContext.HTTP.Method = other
			payload, err := json.Marshal(e)
			require.NoError(t, err)
			out, err := app.New(f.route, f.handler)(t.Context(), payload)
			require.NoError(t, err)
			function, ok := out.(events.APIGatewayV2HTTPResponse)
			require.True(t, ok)

			assert.Equal(t, http.StatusMethodNotAllowed, function.StatusCode, "%s %s", other, path)
			assert.Equal(t, function.StatusCode, local.StatusCode, "%s %s", other, path)
			for name, value := range function.Headers {
				assert.Equal(t, value, local.Header.Get(name), "%s %s: %s", other, path, name)
			}
			assert.Equal(t, method, function.Headers["allow"])
			if other != http.MethodHead { // whose response has no body on the wire
				assert.Equal(t, function.Body, string(body), "%s %s", other, path)
			}
		}
	}
}

func TestFailureIsAnsweredWithAFixedTextAndLoggedWithItsCause(t *testing.T) {
	s := startService(t)
	s.warm(t)
	s.DynamoDB.Inject(emulator.Fault{Action: emulator.Fail, Status: 400, Code: "AccessDeniedException", Message: "no such luck"})
	for _, a := range []ask{
		get("/users/ada"),
		post("/users", "", `{"username":"ada","firstName":"Ada","lastName":"Lovelace"}`),
		post("/organizations", "ada", `{"organizationName":"Tech Corp"}`),
		post("/organizations/tech-corp/members", "ada", `{"memberUsername":"grace","role":"Member"}`),
	} {
		got := s.send(t, a)
		assert.Equal(t, 500, got.status)
		assert.JSONEq(t, `{"error":"internal error"}`, got.body)
	}
	lines := s.log.lines(t, "request")
	require.Len(t, lines, 4)
	for _, line := range lines {
		assert.Equal(t, "ERROR", line["level"])
		assert.Contains(t, line["error"], "no such luck")
	}
}

func TestFrontAnswersALargeOrBinaryBodyAsAPIGatewayAndTheFunctionDo(t *testing.T) {
	s := startService(t)
	large := strings.Repeat(" ", 11<<20)
	got := s.send(t, post("/users", "", large))
	assert.Equal(t, http.StatusRequestEntityTooLarge, got.status)
	got = s.send(t, post("/users", "", large[:65<<10]))
	assert.Equal(t, http.StatusBadRequest, got.status)
	assert.Contains(t, got.body, "longer than 65536 bytes")
	got = s.send(t, post("/users", "", "{\"username\":\"\xff\",\"firstName\":\"\",\"lastName\":\"\"}"))
	assert.Equal(t, http.StatusBadRequest, got.status)
	assert.True(t, json.Valid([]byte(got.body)))
	n, err := s.DynamoDB.Items("accounts")
	require.NoError(t, err)
	assert.Zero(t, n)
}

func TestBodyThatCannotBeReadIsA400(t *testing.T) {
	server := httptest.NewServer(newFront())
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "POST /users HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
	require.NoError(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusBadRequest, resp.StatusCode)
	assert.JSONEq(t, `{"error":"the body cannot be read"}`, string(body))
}
