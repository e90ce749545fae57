package app

import (
	"encoding/base64"
	"net/http"
)

// maxBody is the maximum size of a decoded body. The bodies of these functions contain a few names.
// API Gateway allows 10 MB.
const maxBody = 64 << 10

// Request is one request for a function's route.
type Request struct {
	event  *event
	values map[string]string
}

// PathValue returns the decoded value of the {name} in the route's path. It panics if the path has
// no such name.
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

// Caller returns the caller's username as determined by the authorizer, or an error that is
// answered with 401. The Authorization header is trusted only if DEMO_TRUST_AUTHORIZATION_HEADER is
// "true".
func (r *Request) Caller() (string, error) {
	for _, path := range [][]string{
		{"principalId"},           // Lambda authorizer, REST API and format 1.0
		{"claims", "sub"},         // Cognito or JWT authorizer, REST API and format 1.0
		{"jwt", "claims", "sub"},  // JWT authorizer, HTTP API
		{"lambda", "principalId"}, // Lambda authorizer, HTTP API, if its context contains it
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

// text returns the string at path, or "" if there is none. An authorizer's context may contain any
// values.
func text(object map[string]any, path ...string) string {
	for _, name := range path[:len(path)-1] {
		object, _ = object[name].(map[string]any)
	}
	value, _ := object[path[len(path)-1]].(string)
	return value
}
