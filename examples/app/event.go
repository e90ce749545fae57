package app

import (
	"encoding/json"
	"errors"
	"strings"
)

// event has the used fields of both formats of proxy events. A REST API sends format 1.0, an HTTP
// API sends format 1.0 or 2.0, and a function URL sends format 2.0.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
type event struct {
	Version         string            `json:"version"` // "2.0", "1.0" (HTTP API), or none (REST API)
	PathParameters  map[string]string `json:"pathParameters"`
	Headers         map[string]string `json:"headers"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`

	// Fields of format 1.0.
	HTTPMethod string `json:"httpMethod"`
	Resource   string `json:"resource"`
	Path       string `json:"path"`

	// Fields of format 2.0.
	RouteKey string `json:"routeKey"`
	RawPath  string `json:"rawPath"`

	RequestContext struct {
		RequestID  string         `json:"requestId"`
		Stage      string         `json:"stage"`
		DomainName string         `json:"domainName"`
		Authorizer map[string]any `json:"authorizer"`
		HTTP       struct {
			Method string `json:"method"`
		} `json:"http"`
		ELB json.RawMessage `json:"elb"`
	} `json:"requestContext"`
}

var (
	errNoEvent = errors.New("app: not a proxy event of API Gateway or of a function URL")

	// An ALB's event resembles a REST API's event, but it has no authorizer, and the response has
	// other rules.
	// https://docs.aws.amazon.com/lambda/latest/dg/services-alb.html
	errALB = errors.New("app: an event of an Application Load Balancer (ALB), which is not supported: " +
		"put API Gateway or a function URL in front")
)

// parseEvent returns an error if the invocation is not a request and so cannot get a response.
func parseEvent(payload json.RawMessage) (*event, error) {
	var e event
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, errNoEvent // the decoder's error could quote a header
	}
	if e.RequestContext.ELB != nil {
		return nil, errALB
	}
	if e.method() == "" {
		return nil, errNoEvent
	}
	return &e, nil
}

func (e *event) second() bool { return e.Version == "2.0" }

func (e *event) method() string {
	if e.second() {
		return e.RequestContext.HTTP.Method
	}
	return e.HTTPMethod
}

// gatewayRoute returns the path of the route that the gateway matched, such as "/users/{username}",
// or "$default" or "/{proxy+}" for a catch-all route.
func (e *event) gatewayRoute() string {
	if !e.second() {
		return e.Resource
	}
	if _, path, ok := strings.Cut(e.RouteKey, " "); ok {
		return path
	}
	return e.RouteKey
}

// paths returns the possible paths of the request. An HTTP API adds the stage as a prefix, unless
// the request used a custom domain name. A custom domain name may add a base path, which only the
// parameter of a catch-all route leaves out.
func (e *event) paths() []string {
	path := e.Path
	if e.second() {
		path = e.RawPath
	}
	paths := []string{path}
	stage := e.RequestContext.Stage
	if rest, ok := strings.CutPrefix(path, "/"+stage+"/"); ok && stage != "" && e.fromHTTPAPI() {
		paths = append(paths, "/"+rest)
	}
	proxy := e.PathParameters["proxy"]
	prefix, greedy := strings.CutSuffix(e.gatewayRoute(), "{proxy+}")
	if proxy != "" && greedy {
		paths = append(paths, prefix+proxy)
	}
	if proxy != "" && (greedy || e.gatewayRoute() == "$default") {
		paths = append(paths, "/"+proxy)
	}
	return paths
}

// decoded reports whether the path and its parameters have been percent-decoded. HTTP APIs decode
// them in both formats. REST APIs and function URLs do not. AWS does not document this; it was
// observed in:
//
// https://github.com/aws-powertools/powertools-lambda-python/issues/1098 (HTTP API)
// https://github.com/serverless/serverless/issues/5037 (REST API)
// https://github.com/middleapi/standard-server/pull/93 (all three)
func (e *event) decoded() bool { return e.fromHTTPAPI() }

func (e *event) fromHTTPAPI() bool {
	return e.Version == "1.0" || e.second() && !e.fromFunctionURL()
}

// fromFunctionURL reports whether the event is from a function URL. Only the domain name shows it.
// https://<url-id>.lambda-url.<region>.on.aws
func (e *event) fromFunctionURL() bool {
	return strings.Contains(e.RequestContext.DomainName, ".lambda-url.")
}

// header returns the header with the given name. HTTP APIs and function URLs send names in lower
// case. REST APIs send them as the client wrote them, so there may be two names that differ only in
// case. If their values differ, header returns "".
func (e *event) header(name string) (value string) {
	found := false
	for k, v := range e.Headers {
		if !strings.EqualFold(k, name) {
			continue
		}
		if found && v != value {
			return ""
		}
		value, found = v, true
	}
	return value
}
