package app_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/app"
)

const memberRoute = "GET /organizations/{organization}/members/{username}"

func echoMember(_ context.Context, r *app.Request) (any, error) {
	return []string{r.PathValue("organization"), r.PathValue("username")}, nil
}

// rest is an event of a REST API. Its path and parameters are not decoded.
func rest(method, resource, path string, parameters map[string]string) events.APIGatewayProxyRequest {
	e := events.APIGatewayProxyRequest{Resource: resource, Path: path, HTTPMethod: method, PathParameters: parameters}
	e.RequestContext.Stage = "prod"
	e.RequestContext.Path = "/prod" + path
	e.RequestContext.RequestID = "rest-id"
	return e
}

// first is an event of an HTTP API in format 1.0.
func first(method, resource, path string, parameters map[string]string) any {
	e := rest(method, resource, path, parameters)
	e.RequestContext.Stage = "$default"
	return struct {
		Version string `json:"version"`
		events.APIGatewayProxyRequest
	}{"1.0", e}
}

// second is an event of an HTTP API in format 2.0.
func second(method, routeKey, path string, parameters map[string]string) events.APIGatewayV2HTTPRequest {
	e := events.APIGatewayV2HTTPRequest{Version: "2.0", RouteKey: routeKey, RawPath: path, PathParameters: parameters}
	e.RequestContext.Stage = "$default"
	e.RequestContext.RouteKey = routeKey
	e.RequestContext.DomainName = "id.execute-api.us-east-1.amazonaws.com"
	e.RequestContext.HTTP.Method = method
	e.RequestContext.HTTP.Path = path
	e.RequestContext.RequestID = "http-id"
	return e
}

// functionURL is an event of a function URL.
func functionURL(method, path string) events.LambdaFunctionURLRequest {
	e := events.LambdaFunctionURLRequest{Version: "2.0", RawPath: path}
	e.RequestContext.DomainName = "urlid.lambda-url.us-east-1.on.aws"
	e.RequestContext.HTTP.Method = method
	e.RequestContext.HTTP.Path = path
	e.RequestContext.RequestID = "url-id"
	return e
}

type response struct {
	StatusCode int
	Headers    map[string]string
	Body       string
}

func invoke(t *testing.T, f app.Function, event any) response {
	t.Helper()
	payload, err := json.Marshal(event)
	require.NoError(t, err)
	out, err := f(t.Context(), payload)
	require.NoError(t, err)
	encoded, err := json.Marshal(out)
	require.NoError(t, err)
	var r response
	require.NoError(t, json.Unmarshal(encoded, &r))
	assert.Equal(t, "application/json", r.Headers["content-type"])
	return r
}

type parameters = map[string]string

func TestPathParametersAreDecodedExactlyOnceInEveryShape(t *testing.T) {
	f := app.New(memberRoute, echoMember)
	const resource = "/organizations/{organization}/members/{username}"
	for _, c := range []struct {
		name  string
		event any
		want  string
	}{
		{"REST API", rest("GET", resource, "/organizations/o/members/a%20b%2Fc%2525+d", parameters{"organization": "o", "username": "a%20b%2Fc%2525+d"}), "a b/c%25+d"},
		{"REST API, greedy", rest("GET", "/{proxy+}", "/organizations/o/members/a%20b%2Fc%2525+d", parameters{"proxy": "organizations/o/members/a%20b"}), "a b/c%25+d"},
		{"REST API, base path of a domain", rest("GET", resource, "/v1/organizations/o/members/x", parameters{"organization": "o", "username": "x"}), "x"},
		{"REST API, greedy, base path of a domain", rest("GET", "/{proxy+}", "/v1/organizations/o/members/a%20b%2Fc", parameters{"proxy": "organizations/o/members/a%20b%2Fc"}), "a b/c"},
		{"REST API, greedy below a path", rest("GET", "/api/{proxy+}", "/api/organizations/o/members/x", parameters{"proxy": "organizations/o/members/x"}), "x"},
		{"REST API, greedy below the route's path, base path", rest("GET", "/organizations/{proxy+}", "/v1/organizations/o/members/x", parameters{"proxy": "o/members/x"}), "x"},
		{"HTTP API 1.0, greedy, base path of a domain", first("GET", "/{proxy+}", "/v1/organizations/o/members/a b%25", parameters{"proxy": "organizations/o/members/a b%25"}), "a b%25"},
		{"HTTP API 2.0, greedy, base path of a domain", second("GET", "ANY /{proxy+}", "/v1/organizations/o/members/a b%25", parameters{"proxy": "organizations/o/members/a b%25"}), "a b%25"},
		{"HTTP API 2.0, default route, base path of a domain", second("GET", "$default", "/v1/organizations/o/members/a b%25", parameters{"proxy": "organizations/o/members/a b%25"}), "a b%25"},
		{"HTTP API 1.0", first("GET", resource, "/organizations/o/members/a b/c%25+d", parameters{"organization": "o", "username": "a b/c%25+d"}), "a b/c%25+d"},
		{"HTTP API 1.0, greedy", first("GET", "/{proxy+}", "/organizations/o/members/a b%25+d", parameters{"proxy": "organizations/o"}), "a b%25+d"},
		{"HTTP API 2.0", second("GET", memberRoute, "/organizations/o/members/a b/c%25+d", parameters{"organization": "o", "username": "a b/c%25+d"}), "a b/c%25+d"},
		{"HTTP API 2.0, any method", second("GET", "ANY "+resource, "/organizations/o/members/x", parameters{"organization": "o", "username": "x"}), "x"},
		{"HTTP API 2.0, default route", second("GET", "$default", "/organizations/o/members/a b%25+d", nil), "a b%25+d"},
		{"HTTP API 2.0, other names", second("GET", "GET /organizations/{org}/members/{user}", "/organizations/o/members/x", parameters{"org": "o", "user": "x"}), "x"},
		{"function URL", functionURL("GET", "/organizations/o/members/a%20b%2Fc%2525+d"), "a b/c%25+d"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := invoke(t, f, c.event)
			require.Equal(t, http.StatusOK, got.StatusCode, got.Body)
			var values []string
			require.NoError(t, json.Unmarshal([]byte(got.Body), &values))
			assert.Equal(t, []string{"o", c.want}, values)
		})
	}
}

func TestStageInFrontOfThePathIsNoPartOfIt(t *testing.T) {
	f := app.New("GET /users/{username}", func(_ context.Context, r *app.Request) (any, error) { return r.PathValue("username"), nil })
	for path, want := range map[string]string{
		"/prod/users/ada":  `"ada"`, // with the API's default domain name
		"/users/ada":       `"ada"`, // with a custom domain name
		"/prod/users/prod": `"prod"`,
	} {
		e := second("GET", "$default", path, nil)
		e.RequestContext.Stage = "prod"
		assert.Equal(t, want, invoke(t, f, e).Body, path)
	}
	e := second("GET", "$default", "/users/users", nil)
	e.RequestContext.Stage = "users"
	assert.Equal(t, `"users"`, invoke(t, f, e).Body, "a path that fits as it is stays so")
}

func TestOtherPathsAndMethodsAreRefused(t *testing.T) {
	f := app.New(memberRoute, echoMember)
	for _, c := range []struct {
		name   string
		event  any
		status int
	}{
		{"another path", functionURL("GET", "/organizations/o/users/x"), 404},
		{"shorter path", functionURL("GET", "/organizations/o/members"), 404},
		{"longer path", functionURL("GET", "/organizations/o/members/x/"), 404},
		{"empty parameter", functionURL("GET", "/organizations/o/members/"), 404},
		{"root", functionURL("GET", "/"), 404},
		{"no path", functionURL("GET", ""), 404},
		{"slash that an HTTP API has decoded", second("GET", "$default", "/organizations/o/members/a/b", nil), 404},
		{"another path of a REST API", rest("GET", "/{proxy+}", "/users/x", parameters{"proxy": "users/x"}), 404},
		{"base path, and a parameter that is only called proxy", second("GET", "GET /v1/{proxy}", "/v1/x", parameters{"proxy": "organizations/o/members/x"}), 404},
		{"another route, with our parameters", second("GET", "GET /x/{organization}/{username}", "/x/o/u", parameters{"organization": "o", "username": "u"}), 404},
		{"another method", functionURL("POST", "/organizations/o/members/x"), 405},
		{"another method of a REST API", rest("PUT", "/{proxy+}", "/organizations/o/members/x", nil), 405},
		{"another path and method", functionURL("POST", "/users"), 404},
		{"broken escape", functionURL("GET", "/organizations/o/members/a%zz"), 400},
		{"cut escape", rest("GET", "/{proxy+}", "/organizations/o/members/a%2", nil), 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := invoke(t, f, c.event)
			assert.Equal(t, c.status, got.StatusCode)
			assert.Regexp(t, `^\{"error":".+"\}$`, got.Body)
			if c.status == http.StatusMethodNotAllowed {
				assert.Equal(t, "GET", got.Headers["allow"])
			}
		})
	}
}

func TestResponseHasTheShapeOfTheEvent(t *testing.T) {
	f := app.New("GET /", func(context.Context, *app.Request) (any, error) { return "ok", nil })
	for _, c := range []struct {
		event, want any
	}{
		{rest("GET", "/", "/", nil), events.APIGatewayProxyResponse{}},
		{first("GET", "/", "/", nil), events.APIGatewayProxyResponse{}},
		{second("GET", "GET /", "/", nil), events.APIGatewayV2HTTPResponse{}},
		{functionURL("GET", "/"), events.APIGatewayV2HTTPResponse{}},
	} {
		payload, err := json.Marshal(c.event)
		require.NoError(t, err)
		out, err := f(t.Context(), payload)
		require.NoError(t, err)
		assert.IsType(t, c.want, out)
	}
}

func TestOtherEventsAreAnErrorThatQuotesNothing(t *testing.T) {
	f := app.New("GET /", func(context.Context, *app.Request) (any, error) { t.Error("called"); return nil, nil })
	for _, payload := range []string{
		``, `null`, `{}`, `[]`, `"x"`, `{"Records":[{"body":"s3cret"}]}`, `{"version":"2.0"}`, `{"httpMethod":"GET","body":{"s3cret":1}}`,
	} {
		_, err := f(t.Context(), json.RawMessage(payload))
		require.ErrorContains(t, err, "not a proxy event", payload)
		assert.NotContains(t, err.Error(), "s3cret")
	}
}

// https://docs.aws.amazon.com/lambda/latest/dg/services-alb.html
func TestEventOfAnALBIsRefusedByName(t *testing.T) {
	f := app.New("GET /", func(context.Context, *app.Request) (any, error) { t.Error("called"); return nil, nil })
	e := events.ALBTargetGroupRequest{HTTPMethod: "GET", Path: "/", Headers: map[string]string{"x": "s3cret"}}
	e.RequestContext.ELB.TargetGroupArn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/f/1"
	payload, err := json.Marshal(e)
	require.NoError(t, err)
	_, err = f(t.Context(), payload)
	require.ErrorContains(t, err, "Application Load Balancer (ALB)")
	assert.NotContains(t, err.Error(), "s3cret")
}

func TestInvalidRoutePanics(t *testing.T) {
	for _, route := range []string{"", "GET", "/users", "GET users", " /users"} {
		assert.Panics(t, func() { app.New(route, echoMember) }, route)
	}
}
