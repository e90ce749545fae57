package e2e_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/examples/internal/emulator"
	"github.com/warmclient/warmclient/examples/internal/runtimeapi"
)

// timeout of an invocation, as in the deployment.
const timeout = 10 * time.Second

// patience is the maximum wait on a busy machine.
const patience = time.Minute

// services are the three servers of the functions, and the secrets that must not be logged.
type services struct {
	*emulator.Stack

	mu      sync.Mutex
	secrets []string
}

const (
	secretKey    = "e2e/aws/secret/access/key"
	sessionToken = "e2e/aws/session/token"
)

func startServices(t testing.TB) *services {
	t.Helper()
	stack, err := emulator.Start(emulator.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stack.Close()) })
	s := &services{Stack: stack, secrets: []string{secretKey, sessionToken, "of-the-caller"}}
	s.keepSecret(stack.Momento.Key())
	return s
}

// rotate rotates the token and adds the new one to the secrets.
func (s *services) rotate() {
	s.RotateKey()
	s.keepSecret(s.Momento.Key())
}

// keepSecret adds a token and its parts to the secrets.
func (s *services) keepSecret(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets = append(s.secrets, token, token[:12], token[len(token)-12:])
	decoded, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		return
	}
	var inner struct {
		Key string `json:"api_key"`
	}
	if json.Unmarshal(decoded, &inner) == nil {
		s.secrets = append(s.secrets, strings.Split(inner.Key, ".")...)
	}
}

// function is a process of one of the functions.
type function struct {
	*runtimeapi.Process
	name string
}

type startOption func(*runtimeapi.Options)

func concurrent(n int) startOption {
	return func(o *runtimeapi.Options) { o.Concurrency = n }
}

func environment(entries ...string) startOption {
	return func(o *runtimeapi.Options) { o.Env = append(o.Env, entries...) }
}

// start starts a function. When the test ends, it is closed, and its log is searched.
func (s *services) start(t testing.TB, name string, options ...startOption) *function {
	t.Helper()
	options = append([]startOption{environment("AWS_LAMBDA_LOG_LEVEL=DEBUG")}, options...)
	return s.startBinary(t, binary(t, name), options...)
}

func (s *services) startBinary(t testing.TB, path string, options ...startOption) *function {
	t.Helper()
	o := runtimeapi.Options{
		Path:    path,
		Env:     append(s.Environ(), "AWS_SECRET_ACCESS_KEY="+secretKey, "AWS_SESSION_TOKEN="+sessionToken),
		Timeout: timeout,
	}
	o.Env = append(o.Env, raceEnvironment...)
	for _, option := range options {
		option(&o)
	}
	p, err := runtimeapi.Start(o)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, p.Close())
		s.searchLog(t, p.Log())
		if t.Failed() {
			t.Logf("the log of %s:\n%s", filepath.Base(path), p.Log())
		}
	})
	return &function{Process: p, name: filepath.Base(path)}
}

// ready waits for the end of the Init phase.
func (f *function) ready(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, f.Ready(ctx))
}

// end ends the process as Lambda does. The log is complete only then, because a pipe delays it.
func (f *function) end(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, f.Shutdown(ctx))
}

// send invokes the function with a request in the shape of an HTTP API.
func (f *function) send(t testing.TB, r request) response {
	t.Helper()
	return f.sendAs(t, httpAPI, r)
}

func (f *function) sendAs(t testing.TB, s shape, r request) response {
	t.Helper()
	res, err := f.invoke(t.Context(), s.invocation(t, r))
	require.NoError(t, err)
	return res
}

func (f *function) invoke(ctx context.Context, in runtimeapi.Invocation) (response, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout+patience)
	defer cancel()
	payload, err := f.Invoke(ctx, in)
	if err != nil {
		return response{}, err
	}
	return parse(payload)
}

// must sends a request that prepares a test.
func (f *function) must(t testing.TB, r request) {
	t.Helper()
	res := f.send(t, r)
	require.Equal(t, http.StatusOK, res.Status, res.Body)
}

// put writes users to the table and bypasses the cache.
func (s *services) put(t testing.TB, usernames ...string) {
	t.Helper()
	cfg := aws.Config{Region: emulator.Region, Credentials: credentials.NewStaticCredentialsProvider("e2e", secretKey, "")}
	client := accounts.NewDynamoDBClient(cfg, func(o *dynamodb.Options) { o.BaseEndpoint = aws.String(s.DynamoDB.URL()) })
	service, err := accounts.New(client, "accounts", accounts.Options{})
	require.NoError(t, err)
	for _, name := range usernames {
		_, err := service.CreateUser(t.Context(), accounts.User{Username: name, FirstName: "First", LastName: "Last"})
		require.NoError(t, err)
	}
}

// until repeats a request until the condition holds. All answers must be successful.
func (f *function) until(t testing.TB, r request, condition func() bool) {
	t.Helper()
	for start := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		f.must(t, r)
		if condition() {
			return
		}
		require.Less(t, time.Since(start), patience, "still not so")
	}
}

// eventuallyCached repeats the request until the answer comes from the cache.
func (s *services) eventuallyCached(t testing.TB, f *function, r request) {
	t.Helper()
	before := s.DynamoDB.Requests("GetItem")
	f.until(t, r, func() bool {
		asked := s.DynamoDB.Requests("GetItem") - before
		before += asked
		return asked == 0
	})
}

// eventually waits for a condition. Unlike testify's Eventually, it evaluates the condition on the
// goroutine of the test, which is the only one that may call FailNow.
func eventually(t testing.TB, condition func() bool) {
	t.Helper()
	for start := time.Now(); !condition(); time.Sleep(5 * time.Millisecond) {
		require.Less(t, time.Since(start), patience, "still not so")
	}
}

// names returns n names.
func names(prefix string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("%s-%d", prefix, i)
	}
	return all
}
