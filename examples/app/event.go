package app

import (
	"encoding/json"
	"errors"
	"strings"
)

// event is what is read of the three shapes of proxy events. A REST API sends the first shape, an
// HTTP API the first or the second, a function URL the second.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
type event struct {
	Version         string            `json:"version"` // "2.0", "1.0" (HTTP API), or none (REST API)
	PathParameters  map[string]string `json:"pathParameters"`
	Headers         map[string]string `json:"headers"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`

	// Of the first shape.
	HTTPMethod string `json:"httpMethod"`
	Resource   string `json:"resource"`
	Path       string `json:"path"`

	// Of the second shape.
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

	// An ALB's event resembles a REST API's, but it has no authorizer, and its response has other
	// rules.
	// https://docs.aws.amazon.com/lambda/latest/dg/services-alb.html
	errALB = errors.New("app: an event of an Application Load Balancer (ALB), which is not supported: " +
		"put API Gateway or a function URL in front")
)

// parseEvent returns an error for what no response can answer: an invocation that is no request.
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

// gatewayRoute returns the path of the route by which the gateway chose the function, such as
// "/users/{username}"; "$default" or "/{proxy+}" where that was none in particular.
func (e *event) gatewayRoute() string {
	if !e.second() {
		return e.Resource
	}
	if _, path, ok := strings.Cut(e.RouteKey, " "); ok {
		return path
	}
	return e.RouteKey
}

// paths returns what the request's path may be. An HTTP API puts the stage in front, unless the
// request came by a domain name of one's own; that may have a base path in front, which only the
// parameter of a route for everything leaves out.
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

// decoded reports whether the path and its parameters have been percent-decoded. HTTP APIs do that,
// in both shapes; REST APIs and function URLs hand on what the client sent. AWS documents none of
// it; this is what is observed:
//
// https://github.com/aws-powertools/powertools-lambda-python/issues/1098 (HTTP API)
// https://github.com/serverless/serverless/issues/5037 (REST API)
// https://github.com/middleapi/standard-server/pull/93 (all three)
func (e *event) decoded() bool { return e.fromHTTPAPI() }

func (e *event) fromHTTPAPI() bool {
	return e.Version == "1.0" || e.second() && !e.fromFunctionURL()
}

// fromFunctionURL: the domain name is the only sure sign.
// https://<url-id>.lambda-url.<region>.on.aws
func (e *event) fromFunctionURL() bool {
	return strings.Contains(e.RequestContext.DomainName, ".lambda-url.")
}

// header returns the header of that name. HTTP APIs and function URLs send names in lower case,
// REST APIs as the client wrote them, so that there may be two which differ in case: if their
// values differ as well, none is believed.
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
