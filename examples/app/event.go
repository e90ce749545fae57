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
	} `json:"requestContext"`
}

var errNoEvent = errors.New("app: not a proxy event of API Gateway or of a function URL")

// parseEvent returns an error for what no response can answer: an invocation that is no request.
func parseEvent(payload json.RawMessage) (*event, error) {
	var e event
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, errNoEvent // the decoder's error could quote a header
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

// paths returns what the request's path may be: an HTTP API puts the stage in front, unless the
// request came by a domain name of one's own.
func (e *event) paths() []string {
	path := e.Path
	if e.second() {
		path = e.RawPath
	}
	stage := e.RequestContext.Stage
	if rest, ok := strings.CutPrefix(path, "/"+stage+"/"); ok && stage != "" && e.fromHTTPAPI() {
		return []string{path, "/" + rest}
	}
	return []string{path}
}

// decoded reports whether the path and its parameters have been percent-decoded. HTTP APIs do that,
// in both shapes; REST APIs and function URLs hand on what the client sent. AWS documents none of it;
// this is what is observed:
//
// https://github.com/aws-powertools/powertools-lambda-python/issues/1098 (HTTP API)
// https://github.com/serverless/serverless/issues/5037 (REST API)
// https://github.com/middleapi/standard-server/pull/93 (all three)
func (e *event) decoded() bool { return e.fromHTTPAPI() }

func (e *event) fromHTTPAPI() bool {
	return e.Version == "1.0" || e.second() && !e.fromFunctionURL()
}

// fromFunctionURL: the domain name is the only sure sign. https://<url-id>.lambda-url.<region>.on.aws
func (e *event) fromFunctionURL() bool {
	return strings.Contains(e.RequestContext.DomainName, ".lambda-url.")
}

// header returns the header of that name. HTTP APIs and function URLs send names in lower case, REST
// APIs as the client wrote them.
func (e *event) header(name string) string {
	for k, v := range e.Headers {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return ""
}
