package runtimeapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/internal/runtimeapi"
)

// api calls the API of a process that does not call it itself.
type api struct {
	*runtimeapi.Process
	base string
}

func startAPI(t *testing.T) *api {
	t.Helper()
	p := start(t, "leaves the API to the test", runtimeapi.Options{Name: "f", Timeout: time.Minute})
	require.Eventually(t, func() bool { return strings.HasSuffix(p.Log(), "\n") }, 20*time.Second, time.Millisecond)
	return &api{p, "http://" + strings.TrimSpace(p.Log())}
}

type reply struct {
	status int
	header http.Header
	body   string
	kind   string // of an error
}

// do sends one request. Every answer is JSON.
func (a *api) do(t *testing.T, method, path string, header map[string]string, body []byte) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, a.base+path, bytes.NewReader(body))
	require.NoError(t, err)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, "application/json", resp.Header.Get("Content-Type"), "%s %s", method, path)
	var e struct{ ErrorType string }
	require.NoError(t, json.Unmarshal(text, &e), "%s", text)
	return reply{resp.StatusCode, resp.Header, string(text), e.ErrorType}
}

func (a *api) register(t *testing.T, name, body string) reply {
	t.Helper()
	header := map[string]string{}
	if name != "" {
		header["Lambda-Extension-Name"] = name
	}
	return a.do(t, "POST", "/2020-01-01/extension/register", header, []byte(body))
}

// open sends a request that may not be answered before the test ends.
func (a *api) open(t *testing.T, path string, header map[string]string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", a.base+path, nil)
	require.NoError(t, err)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	go func() {
		if resp, err := http.DefaultClient.Do(r); err == nil {
			_ = resp.Body.Close()
		}
	}()
}

const nextInvocation, nextEvent = "/2018-06-01/runtime/invocation/next", "/2020-01-01/extension/event/next"

func TestInitDoesNotEndBeforeEachExtensionHasAskedForItsFirstEvent(t *testing.T) {
	t.Parallel()
	a := startAPI(t)
	first, second := a.register(t, "first", `{"events":[]}`), a.register(t, "second", `{}`)
	require.Equal(t, http.StatusOK, first.status)
	require.Equal(t, http.StatusOK, second.status)
	assert.JSONEq(t, `{"functionName":"f","functionVersion":"$LATEST","handler":"bootstrap"}`, first.body)
	notReady := func() {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, a.Ready(ctx), context.DeadlineExceeded)
		_, err := a.Invoke(ctx, do("answer"))
		require.ErrorContains(t, err, "has not asked for the event")
	}
	a.open(t, nextEvent, map[string]string{"Lambda-Extension-Identifier": first.header.Get("Lambda-Extension-Identifier")})
	notReady()
	a.open(t, nextInvocation, nil)
	notReady()
	a.open(t, nextEvent, map[string]string{"Lambda-Extension-Identifier": second.header.Get("Lambda-Extension-Identifier")})
	require.NoError(t, a.Ready(t.Context()))
}

func TestRegistrationOfAnExtensionIsChecked(t *testing.T) {
	t.Parallel()
	a := startAPI(t)
	require.Equal(t, http.StatusOK, a.register(t, "taken", `{}`).status)
	for _, c := range []struct{ what, name, body, kind string }{
		{"no name", "", `{}`, "Extension.InvalidExtensionName"},
		{"no body", "x", ``, "InvalidRequestFormat"},
		{"no JSON", "x", `events`, "InvalidRequestFormat"},
		{"unknown event", "x", `{"events":["START"]}`, "Extension.InvalidEventType"},
		{"event that no internal extension gets", "x", `{"events":["SHUTDOWN"]}`, "Extension.InvalidEventType"},
		{"name that is taken", "taken", `{}`, "Extension.InvalidExtensionState"},
	} {
		got := a.register(t, c.name, c.body)
		assert.Equal(t, http.StatusForbidden, got.status, c.what)
		assert.Equal(t, c.kind, got.kind, c.what)
		assert.Empty(t, got.header.Get("Lambda-Extension-Identifier"), c.what)
	}
	for i := range 9 {
		require.Equal(t, http.StatusOK, a.register(t, fmt.Sprint(i), `{}`).status)
	}
	assert.Equal(t, "Extension.TooManyExtensions", a.register(t, "eleventh", `{}`).kind)
}

func TestRegistrationIsClosedOnceTheProcessPolls(t *testing.T) {
	t.Parallel()
	a := startAPI(t)
	a.open(t, nextInvocation, nil)
	require.NoError(t, a.Ready(t.Context()))
	got := a.register(t, "late", `{}`)
	assert.Equal(t, http.StatusForbidden, got.status)
	assert.Equal(t, "Extension.RegistrationClosed", got.kind)
}

func TestIdentifierOfAnExtensionIsChecked(t *testing.T) {
	t.Parallel()
	a := startAPI(t)
	id := a.register(t, "x", `{}`).header.Get("Lambda-Extension-Identifier")
	for given, kind := range map[string]string{
		"":                                     "Extension.MissingExtensionIdentifier",
		"x":                                    "Extension.InvalidExtensionIdentifier",
		id + "0":                               "Extension.InvalidExtensionIdentifier",
		"00000000-0000-4000-8000-000000000000": "Extension.UnknownExtensionIdentifier",
	} {
		got := a.do(t, "GET", nextEvent, map[string]string{"Lambda-Extension-Identifier": given}, nil)
		assert.Equal(t, http.StatusForbidden, got.status, given)
		assert.Equal(t, kind, got.kind, given)
	}
	a.open(t, nextEvent, map[string]string{"Lambda-Extension-Identifier": id})
	a.open(t, nextInvocation, nil)
	require.NoError(t, a.Ready(t.Context()))
	got := a.do(t, "GET", nextEvent, map[string]string{"Lambda-Extension-Identifier": id}, nil)
	assert.Equal(t, "Extension.InvalidExtensionState", got.kind, "it asks already")
}

// handOver invokes the process and returns the invocation's id, and what Invoke returns.
func (a *api) handOver(t *testing.T) (id string, invoked <-chan error) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		_, err := a.Invoke(t.Context(), do("answer"))
		done <- err
	}()
	got := a.do(t, "GET", nextInvocation, nil, nil)
	require.Equal(t, http.StatusOK, got.status)
	return got.header.Get("Lambda-Runtime-Aws-Request-Id"), done
}

func (a *api) answer(t *testing.T, id, what string, body []byte) reply {
	t.Helper()
	return a.do(t, "POST", "/2018-06-01/runtime/invocation/"+id+"/"+what, nil, body)
}

func TestASecondAnswerIsAnInvalidStateTransition(t *testing.T) {
	t.Parallel()
	a := startAPI(t)
	id, invoked := a.handOver(t)
	got := a.answer(t, id, "response", []byte(`{}`))
	assert.Equal(t, http.StatusAccepted, got.status)
	assert.JSONEq(t, `{"status":"OK"}`, got.body)
	require.NoError(t, <-invoked)
	for _, what := range []string{"response", "error"} {
		got := a.answer(t, id, what, []byte(`{}`))
		assert.Equal(t, http.StatusForbidden, got.status, what)
		assert.Equal(t, "InvalidStateTransition", got.kind, what)
	}
	_, _ = a.handOver(t)
	for _, unknown := range []string{id, "00000000-0000-4000-8000-000000000000"} {
		got := a.answer(t, unknown, "response", []byte(`{}`))
		assert.Equal(t, http.StatusBadRequest, got.status)
		assert.Equal(t, "InvalidRequestID", got.kind)
	}
}

func TestAResponseMayHave6MiBAnd100Bytes(t *testing.T) {
	t.Parallel()
	a := startAPI(t)
	largest := bytes.Repeat([]byte("x"), 6<<20+100)
	id, invoked := a.handOver(t)
	assert.Equal(t, http.StatusAccepted, a.answer(t, id, "response", largest).status)
	require.NoError(t, <-invoked)

	id, invoked = a.handOver(t)
	got := a.answer(t, id, "response", append(largest, 'x'))
	assert.Equal(t, http.StatusRequestEntityTooLarge, got.status)
	assert.Equal(t, "RequestEntityTooLarge", got.kind)
	failed, ok := errors.AsType[*runtimeapi.FunctionError](<-invoked)
	require.True(t, ok)
	assert.Equal(t, "Function.ResponseSizeTooLarge", failed.Type)
}
