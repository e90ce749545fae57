package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/warmclient/warmclient/examples/app"
)

// newFront returns an HTTP API for the six functions. It matches paths, and converts requests to
// events (format 2.0) and responses back, as API Gateway does. If the method of a request differs
// from the route's, the function answers with 405, as with a function URL.
func newFront() http.Handler {
	mux := http.NewServeMux()
	for _, f := range functions {
		_, path, _ := strings.Cut(f.route, " ")
		mux.Handle(path, front{route: f.route, function: app.New(f.route, f.handler)})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern == "" {
			w = &unmatched{ResponseWriter: w}
		}
		mux.ServeHTTP(w, r)
	})
}

// front is the HTTP handler of one function.
type front struct {
	route    string
	function app.Function
}

// maxPayload is the limit of API Gateway.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const maxPayload = 10 << 20

func (f front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPayload))
	if err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			writeError(w, http.StatusRequestEntityTooLarge, "the body is too large")
			return
		}
		writeError(w, http.StatusBadRequest, "the body cannot be read") // the client may have disconnected
		return
	}
	response, err := f.invoke(r.Context(), f.event(r, body))
	if err != nil {
		slog.ErrorContext(r.Context(), "invoke", "error", err.Error())
		writeError(w, http.StatusBadGateway, "bad gateway")
		return
	}
	for name, value := range response.Headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(response.StatusCode)
	_, _ = io.WriteString(w, response.Body)
}

// event converts a request to an event as API Gateway does: header names in lower case, decoded
// parameters, and base64 for a body that is not text.
func (f front) event(r *http.Request, body []byte) events.APIGatewayV2HTTPRequest {
	e := events.APIGatewayV2HTTPRequest{
		Version:        "2.0",
		RouteKey:       f.route,
		RawPath:        r.URL.Path,
		RawQueryString: r.URL.RawQuery,
		Headers:        map[string]string{"host": r.Host},
		PathParameters: map[string]string{},
		Body:           string(body),
	}
	for name, values := range r.Header {
		e.Headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	for segment := range strings.SplitSeq(f.route, "/") {
		if name := strings.Trim(segment, "{}"); name != segment {
			e.PathParameters[name] = r.PathValue(name)
		}
	}
	if !utf8.Valid(body) {
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	e.RequestContext.RouteKey = f.route
	e.RequestContext.Stage = "$default"
	e.RequestContext.RequestID = newRequestID()
	e.RequestContext.DomainName = r.Host
	e.RequestContext.HTTP = events.APIGatewayV2HTTPRequestContextHTTPDescription{
		Method: r.Method, Path: r.URL.Path, Protocol: r.Proto, SourceIP: r.RemoteAddr, UserAgent: r.UserAgent(),
	}
	return e
}

// invokeTimeout is how long API Gateway waits for a function. (Same source.)
const invokeTimeout = 30 * time.Second

// invoke calls the function with JSON, as Lambda does. A client that disconnects does not cancel
// the call.
func (f front) invoke(ctx context.Context, event events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), invokeTimeout)
	defer cancel()
	var response events.APIGatewayV2HTTPResponse
	payload, err := json.Marshal(event)
	if err != nil {
		return response, fmt.Errorf("encode the event: %w", err)
	}
	out, err := f.function(ctx, payload)
	if err != nil {
		return response, err
	}
	encoded, err := json.Marshal(out)
	if err != nil {
		return response, fmt.Errorf("encode the response: %w", err)
	}
	if err := json.Unmarshal(encoded, &response); err != nil {
		return response, fmt.Errorf("decode the response: %w", err)
	}
	return response, nil
}

// unmatched replaces the body of the mux's own answers (404, a redirect) with the body of our
// errors.
type unmatched struct {
	http.ResponseWriter
	status int
}

func (u *unmatched) WriteHeader(status int) {
	u.status = status
	if status >= http.StatusBadRequest {
		writeError(u.ResponseWriter, status, strings.ToLower(http.StatusText(status)))
		return
	}
	u.ResponseWriter.WriteHeader(status)
}

func (u *unmatched) Write(p []byte) (int, error) {
	if cmp.Or(u.status, http.StatusOK) >= http.StatusBadRequest {
		return len(p), nil
	}
	return u.ResponseWriter.Write(p)
}

func writeError(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": message})
}
