package app

import (
	"encoding/base64"
	"net/http"
)

// maxBody bounds a body, decoded: ours are a few names. API Gateway itself lets 10 MB pass.
const maxBody = 64 << 10

// Request is one request for a function's route.
type Request struct {
	event  *event
	values map[string]string
}

// PathValue returns the decoded value of the {name} in the route's path. The name must be there.
func (r *Request) PathValue(name string) string {
	value, ok := r.values[name]
	if !ok {
		panic("app: the route has no {" + name + "}")
	}
	return value
}

// Decode reads the body into a pointer to a struct whose fields all have a JSON name. The body must
// be one JSON object with exactly these members, each once; anything else is answered with 400.
func (r *Request) Decode(into any) error {
	body, err := r.body()
	if err != nil {
		return err
	}
	return decode(body, into)
}

func (r *Request) body() ([]byte, error) {
	tooLong := refuse(http.StatusBadRequest, "the body is longer than %d bytes", maxBody)
	if len(r.event.Body) > base64.StdEncoding.EncodedLen(maxBody) {
		return nil, tooLong // not worth decoding
	}
	body := []byte(r.event.Body)
	if r.event.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(r.event.Body); err != nil {
			return nil, refuse(http.StatusBadRequest, "the body is not base64, as the event says it is")
		}
	}
	if len(body) > maxBody {
		return nil, tooLong
	}
	return body, nil
}

// Caller returns who sends the request, as an authorizer has found, or an error that is answered
// with 401. Only where DEMO_TRUST_AUTHORIZATION_HEADER says so, the header Authorization is
// believed.
func (r *Request) Caller() (string, error) {
	for _, path := range [][]string{
		{"principalId"},           // Lambda authorizer, REST API and format 1.0
		{"claims", "sub"},         // Cognito or JWT authorizer, REST API and format 1.0
		{"jwt", "claims", "sub"},  // JWT authorizer, HTTP API
		{"lambda", "principalId"}, // Lambda authorizer, HTTP API, where it puts that into its context
	} {
		if caller := text(r.event.RequestContext.Authorizer, path...); caller != "" {
			return caller, nil
		}
	}
	if trustHeader() {
		if caller := r.event.header("Authorization"); caller != "" {
			return caller, nil
		}
	}
	return "", refuse(http.StatusUnauthorized, "the request has no authenticated caller")
}

// text returns the string at path, "" where there is none. An authorizer's context is free in what
// it holds.
func text(object map[string]any, path ...string) string {
	for _, name := range path[:len(path)-1] {
		object, _ = object[name].(map[string]any)
	}
	value, _ := object[path[len(path)-1]].(string)
	return value
}
