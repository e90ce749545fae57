package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/examples/app"
	"github.com/warmclient/warmclient/lazyclient"
)

// captureLog returns the lines logged to slog.Default during the test, as maps.
func captureLog(t *testing.T) func() []map[string]any {
	t.Helper()
	var mu sync.Mutex
	var buf bytes.Buffer
	before := slog.Default()
	slog.SetDefault(app.NewLogger(writerFunc(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return buf.Write(p)
	})))
	t.Cleanup(func() { slog.SetDefault(before) })
	return func() []map[string]any {
		mu.Lock()
		defer mu.Unlock()
		var lines []map[string]any
		for text := range strings.Lines(buf.String()) {
			var line map[string]any
			require.NoError(t, json.Unmarshal([]byte(text), &line), text)
			if line["event"] != "Released" { // the client may belong to an earlier test
				lines = append(lines, line)
			}
		}
		return lines
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func failing(err error) app.Function {
	return app.New("GET /", func(context.Context, *app.Request) (any, error) { return "never sent", err })
}

func TestErrorsHaveTheStatusOfTheirKind(t *testing.T) {
	captureLog(t)
	for _, c := range []struct {
		err    error
		status int
		text   string
	}{
		{&accounts.Error{Kind: accounts.Invalid, Entity: "user", ID: "x", Reason: "why"}, 400, `user "x": invalid: why`},
		{&accounts.Error{Kind: accounts.Forbidden, Entity: "membership", ID: "o/x"}, 403, `membership "o/x": forbidden`},
		{&accounts.Error{Kind: accounts.NotFound, Entity: "user", ID: "x"}, 404, `user "x": not found`},
		{fmt.Errorf("wrapped: %w", &accounts.Error{Kind: accounts.AlreadyExists, Entity: "user", ID: "x"}), 409, `user "x": already exists`},
		{accounts.NotFound, 404, "not found"},
		{errors.New("disk on fire"), 500, "internal error"},
		{fmt.Errorf("a secret: %w", context.DeadlineExceeded), 504, "no answer in time, try again later"},
		{fmt.Errorf("a secret: %w", &types.ProvisionedThroughputExceededException{}), 503, "temporarily unavailable, try again later"},
	} {
		got := invoke(t, failing(c.err), rest("GET", "/", "/", nil))
		assert.Equal(t, c.status, got.StatusCode)
		want, err := json.Marshal(map[string]string{"error": c.text})
		require.NoError(t, err)
		assert.Equal(t, string(want), got.Body)
	}
}

func TestBodyThatCannotBeEncodedIsAFailure(t *testing.T) {
	lines := captureLog(t)
	f := app.New("GET /", func(context.Context, *app.Request) (any, error) { return make(chan int), nil })
	got := invoke(t, f, rest("GET", "/", "/", nil))
	assert.Equal(t, 500, got.StatusCode)
	assert.Equal(t, `{"error":"internal error"}`, got.Body)
	assert.Contains(t, lines()[0]["error"], "unsupported type")
}

func TestPanicIsAnsweredWith500AndLoggedWithItsStack(t *testing.T) {
	for name, value := range map[string]any{
		"text":             "out of cheese",
		"error":            errors.New("out of cheese"),
		"panic of an Open": &lazyclient.PanicError{Holder: "h", Value: "out of cheese", Stack: []byte("origin")},
	} {
		t.Run(name, func(t *testing.T) {
			lines := captureLog(t)
			f := app.New("GET /", func(context.Context, *app.Request) (any, error) { panic(value) })
			got := invoke(t, f, rest("GET", "/", "/", nil))
			assert.Equal(t, 500, got.StatusCode)
			assert.Equal(t, `{"error":"internal error"}`, got.Body)
			require.Len(t, lines(), 2)
			logged := lines()[0]
			assert.Equal(t, "panic", logged["message"])
			assert.Equal(t, "rest-id", logged["requestId"])
			assert.Contains(t, logged["value"], "out of cheese")
			assert.Contains(t, logged["stack"], "TestPanicIsAnswered")
			assert.EqualValues(t, 500, lines()[1]["status"])
		})
	}
}

type unencodable struct{}

func (unencodable) MarshalJSON() ([]byte, error) { panic("out of cheese") }

func TestPanicOfTheBodysEncodingIsAnsweredWith500(t *testing.T) {
	lines := captureLog(t)
	f := app.New("GET /", func(context.Context, *app.Request) (any, error) { return unencodable{}, nil })
	got := invoke(t, f, rest("GET", "/", "/", nil))
	assert.Equal(t, 500, got.StatusCode)
	assert.Equal(t, `{"error":"internal error"}`, got.Body)
	assert.Equal(t, "panic", lines()[0]["message"])
}

func TestHandlerGetsTheValueOfItsHolderOrIsNotCalled(t *testing.T) {
	lines := captureLog(t)
	greet := func(_ context.Context, word string, _ *app.Request) (any, error) { return word + "!", nil }
	got := invoke(t, app.New("GET /", app.With(lazyclient.Of("hello"), greet)), rest("GET", "/", "/", nil))
	assert.Equal(t, `"hello!"`, got.Body)

	down := &lazyclient.Holder[string]{Open: func(context.Context) (string, error) { return "", errors.New("no route to it") }}
	never := func(context.Context, string, *app.Request) (any, error) { t.Error("called"); return nil, nil }
	got = invoke(t, app.New("GET /", app.With(down, never)), rest("GET", "/", "/", nil))
	assert.Equal(t, 500, got.StatusCode)
	assert.Contains(t, lines()[1]["error"], "no route to it")
}

func TestPathValueThatTheRouteLacksIsAPanicOfTheProgram(t *testing.T) {
	lines := captureLog(t)
	f := app.New("GET /", func(_ context.Context, r *app.Request) (any, error) { return r.PathValue("username"), nil })
	assert.Equal(t, 500, invoke(t, f, rest("GET", "/", "/", nil)).StatusCode)
	assert.Contains(t, lines()[0]["value"], "{username}")
}

func TestRequestIsLoggedOnceWithIDRouteStatusDurationAndColdness(t *testing.T) {
	lines := captureLog(t)
	f := app.New("GET /users/{username}", func(ctx context.Context, r *app.Request) (any, error) {
		slog.InfoContext(ctx, "from within", "k", "v")
		return nil, &accounts.Error{Kind: accounts.NotFound, Entity: "user", ID: "x"}
	})
	payload, err := json.Marshal(second("GET", "GET /users/{username}", "/users/x", parameters{"username": "x"}))
	require.NoError(t, err)
	_, err = f(lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "lambda-id"}), payload)
	require.NoError(t, err)
	invoke(t, f, functionURL("GET", "/users/x"))

	all := lines()
	require.Len(t, all, 4)
	for i, line := range all {
		want := "url-id" // the gateway's ID, because there is none of Lambda
		if i < 2 {
			want = "lambda-id"
		}
		assert.Equal(t, want, line["requestId"])
		assert.Equal(t, "GET /users/{username}", line["route"])
		assert.IsType(t, true, line["cold"])
		_, err := time.Parse(time.RFC3339Nano, line["timestamp"].(string))
		assert.NoError(t, err)
	}
	for _, line := range []map[string]any{all[1], all[3]} {
		assert.Equal(t, "request", line["message"])
		assert.Equal(t, "INFO", line["level"], "what the client does wrong is no error of ours")
		assert.EqualValues(t, 404, line["status"])
		assert.IsType(t, 0.0, line["durationMs"])
		assert.NotContains(t, line, "error")
	}
	assert.Equal(t, false, all[3]["cold"])
}

func TestFunctionServesManyRequestsAtOnceAndOneOfThemIsCold(t *testing.T) {
	lines := captureLog(t)
	const n = 400
	release := make(chan struct{})
	var inside sync.WaitGroup
	inside.Add(n)
	f := app.New("GET /users/{username}", func(_ context.Context, r *app.Request) (any, error) {
		inside.Done()
		<-release
		return r.PathValue("username"), nil
	})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			got := invoke(t, f, functionURL("GET", fmt.Sprintf("/users/u%d", i)))
			assert.Equal(t, fmt.Sprintf(`"u%d"`, i), got.Body)
		})
	}
	inside.Wait() // until all run concurrently
	close(release)
	wg.Wait()
	cold := 0
	for _, line := range lines() {
		if line["cold"] == true {
			cold++
		}
	}
	assert.Len(t, lines(), n)
	assert.LessOrEqual(t, cold, 1, "none, if another test's request came first")
}

func TestWorkEndsBeforeTheInvocationDoes(t *testing.T) {
	lines := captureLog(t)
	for _, limit := range []time.Duration{3 * time.Second, 100 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			f := app.New("GET /", func(ctx context.Context, _ *app.Request) (any, error) {
				<-ctx.Done()
				return nil, context.Cause(ctx)
			})
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			payload, err := json.Marshal(rest("GET", "/", "/", nil))
			require.NoError(t, err)
			_, err = f(ctx, payload)
			require.NoError(t, err)
			assert.NoError(t, ctx.Err(), "there is time left to answer")
			deadline, _ := ctx.Deadline()
			assert.LessOrEqual(t, time.Until(deadline), limit/10, "and not much of it is wasted")
		})
	}
	for _, line := range lines() {
		assert.EqualValues(t, http.StatusGatewayTimeout, line["status"])
		assert.Contains(t, line["error"], "deadline exceeded")
	}
}

func TestLogLevelIsLambdas(t *testing.T) {
	for level, want := range map[string]bool{"": true, "INFO": true, "DEBUG": true, "WARN": false, "ERROR": false, "nonsense": true,
		"TRACE": true, "FATAL": false} {
		t.Setenv("AWS_LAMBDA_LOG_LEVEL", level)
		lines := captureLog(t)
		slog.With("a", 1).WithGroup("g").Info("hello", "b", 2)
		assert.Equal(t, want, len(lines()) == 1, level)
	}
}
