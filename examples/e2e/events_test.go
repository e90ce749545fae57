package e2e_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/internal/runtimeapi"
)

// request is a request for the route of a function.
type request struct {
	function string
	values   map[string]string // of the path's parameters
	caller   string            // as set by the authorizer; "" means none
	body     string
}

// response has the fields that all response formats have in common.
type response struct {
	Status  int               `json:"statusCode"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

// shape is one of the three kinds of events: it makes one of a request.
type shape struct {
	name  string
	event func(r request, method, path string) any
}

// credential is in the headers of all events. The authorizer has already verified it.
const credential = "Bearer header.payload-of-the-caller.signature-of-the-caller"

var (
	restAPI     = shape{"REST API", restEvent}
	httpAPI     = shape{"HTTP API", httpEvent}
	functionURL = shape{"function URL", urlEvent}
)

func restEvent(r request, method, path string) any {
	e := events.APIGatewayProxyRequest{
		Resource:       path,
		Path:           r.path(path),
		HTTPMethod:     method,
		Headers:        map[string]string{"Authorization": credential, "Content-Type": "application/json"},
		PathParameters: map[string]string{},
		Body:           r.body,
	}
	for name, value := range r.values {
		e.PathParameters[name] = url.PathEscape(value) // a REST API does not decode them
	}
	e.RequestContext.ResourcePath = path
	e.RequestContext.RequestID = "rest"
	e.RequestContext.Stage = "prod"
	if r.caller != "" {
		e.RequestContext.Authorizer = map[string]any{"principalId": r.caller}
	}
	return e
}

func httpEvent(r request, method, path string) any {
	e := events.APIGatewayV2HTTPRequest{
		Version:        "2.0",
		RouteKey:       method + " " + path,
		RawPath:        path,
		Headers:        map[string]string{"authorization": credential, "content-type": "application/json"},
		PathParameters: r.values,
		Body:           r.body,
	}
	for name, value := range r.values {
		e.RawPath = strings.Replace(e.RawPath, "{"+name+"}", value, 1) // an HTTP API decodes the path
	}
	e.RequestContext.RouteKey = e.RouteKey
	e.RequestContext.RequestID = "http"
	e.RequestContext.Stage = "$default"
	e.RequestContext.DomainName = "abcdefghij.execute-api.us-east-1.amazonaws.com"
	e.RequestContext.HTTP.Method = method
	if r.caller != "" {
		e.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
			JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: map[string]string{"sub": r.caller}},
		}
	}
	return e
}

// urlEvent has no caller, because a function URL has no authorizer.
func urlEvent(r request, method, path string) any {
	e := events.LambdaFunctionURLRequest{
		Version: "2.0",
		RawPath: r.path(path),
		Headers: map[string]string{"authorization": credential, "content-type": "application/json"},
		Body:    r.body,
	}
	e.RequestContext.RequestID = "url"
	e.RequestContext.DomainName = "abcdefghij.lambda-url.us-east-1.on.aws"
	e.RequestContext.HTTP.Method = method
	return e
}

// path returns the path of the route with the values inserted.
func (r request) path(route string) string {
	for name, value := range r.values {
		route = strings.Replace(route, "{"+name+"}", url.PathEscape(value), 1)
	}
	return route
}

// invocation returns the request as an event of this shape.
func (s shape) invocation(t testing.TB, r request) runtimeapi.Invocation {
	t.Helper()
	method, path := routeOf(t, r.function)
	payload, err := json.Marshal(s.event(r, method, path))
	require.NoError(t, err)
	return runtimeapi.Invocation{Payload: payload}
}

func parse(payload []byte) (response, error) {
	var res response
	err := json.Unmarshal(payload, &res)
	return res, err
}

func getUser(name string) request {
	return request{function: "getuser", values: map[string]string{"username": name}}
}

func createUser(name string) request {
	body, err := json.Marshal(map[string]string{"username": name, "firstName": "First", "lastName": "Last"})
	if err != nil {
		panic(err) // a map of strings always encodes
	}
	return request{function: "createuser", body: string(body)}
}

// userBody is the answer to both.
func userBody(name string) string {
	return `{"user":{"username":"` + name + `","firstName":"First","lastName":"Last"}}`
}
