package app

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// route is the route of a function, such as "GET /users/{username}".
type route struct {
	method, path string
	segments     []string
}

// newRoute panics if text is not a route, because that is an error in the program.
func newRoute(text string) route {
	method, path, ok := strings.Cut(text, " ")
	if !ok || method == "" || !strings.HasPrefix(path, "/") {
		panic(fmt.Sprintf("app: %q is not of the form METHOD /path", text))
	}
	return route{method: method, path: path, segments: strings.Split(path, "/")}
}

func (r route) String() string { return r.method + " " + r.path }

// match returns the values of the path's parameters, decoded exactly once. The gateway has already
// matched the path, unless the function is behind a function URL or a catch-all route.
func (r route) match(e *event) (map[string]string, error) {
	values, err := r.values(e)
	if err != nil {
		return nil, err
	}
	if e.method() != r.method {
		err := refuse(http.StatusMethodNotAllowed, "method not allowed")
		err.allow = r.method
		return nil, err
	}
	if e.decoded() {
		return values, nil
	}
	for name, value := range values {
		if values[name], err = url.PathUnescape(value); err != nil {
			return nil, refuse(http.StatusBadRequest, "the path has a broken percent-encoding")
		}
	}
	return values, nil
}

// values returns the parameters as they are in the event.
func (r route) values(e *event) (map[string]string, error) {
	if e.gatewayRoute() == r.path {
		if values, ok := r.pick(e.PathParameters); ok {
			return values, nil
		}
	}
	for _, path := range e.paths() {
		if values, ok := r.split(path); ok {
			return values, nil
		}
	}
	return nil, refuse(http.StatusNotFound, "no such path")
}

func (r route) pick(parameters map[string]string) (map[string]string, bool) {
	values := map[string]string{}
	for _, segment := range r.segments {
		if name, ok := parameter(segment); ok {
			if values[name] = parameters[name]; values[name] == "" {
				return nil, false
			}
		}
	}
	return values, true
}

func (r route) split(path string) (map[string]string, bool) {
	parts := strings.Split(path, "/")
	if len(parts) != len(r.segments) {
		return nil, false
	}
	values := map[string]string{}
	for i, segment := range r.segments {
		if name, ok := parameter(segment); ok && parts[i] != "" {
			values[name] = parts[i]
		} else if segment != parts[i] {
			return nil, false
		}
	}
	return values, true
}

func parameter(segment string) (name string, ok bool) {
	if strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}") {
		return segment[1 : len(segment)-1], true
	}
	return "", false
}
