package secrets_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/secrets"
	"github.com/warmclient/warmclient/secrets/secretstest"
)

const (
	secretID = "accounts/MomentoAuthToken"
	region   = "us-east-1"
)

// keys are credentials that no one checks.
var keys = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "SECRET"}, nil
})

// config points the SDK at a loopback server.
func config(endpoint string) aws.Config {
	return aws.Config{Region: region, Credentials: keys, BaseEndpoint: &endpoint}
}

// source reads secretID from a loopback server through the real client.
func source(endpoint string) secrets.SecretsManager {
	return secrets.SecretsManager{API: secrets.NewClient(config(endpoint)), ID: secretID}
}

// service is a loopback server that counts its requests, for what a Secrets Manager does not
// answer. Its handlers may wait for stopped.
type service struct {
	url      string
	requests counter
	stopped  chan struct{}
}

// counter counts requests, or asks the server that does.
type counter struct {
	own   atomic.Int32
	other func(op string) int
}

func (c *counter) Add(n int32) { c.own.Add(n) }

func (c *counter) Load() int32 {
	if c.other != nil {
		return int32(c.other(""))
	}
	return c.own.Load()
}

// manage starts a Secrets Manager that holds text under secretID, with these faults.
func manage(t *testing.T, text string, faults ...secretstest.Fault) *service {
	t.Helper()
	server := secretstest.NewServer()
	t.Cleanup(server.Close)
	server.Put(secretID, text)
	server.Inject(faults...)
	return &service{url: server.URL, requests: counter{other: server.Requests}}
}

func serve(t *testing.T, handle func(s *service, w http.ResponseWriter, r *http.Request)) *service {
	t.Helper()
	s := &service{stopped: make(chan struct{})}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		handle(s, w, r)
	}))
	s.url = server.URL
	t.Cleanup(func() {
		close(s.stopped)
		// Close alone would wait 5 s for connections that were dialled in vain.
		server.CloseClientConnections()
		server.Close()
	})
	return s
}

// answer serves one fixed answer.
func answer(t *testing.T, status int, body string) *service {
	t.Helper()
	return serve(t, func(_ *service, w http.ResponseWriter, _ *http.Request) { write(w, status, body) })
}

func write(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// refuse answers with an error of the service.
func refuse(t *testing.T, status int, code, message string) *service {
	t.Helper()
	return manage(t, "", secretstest.Fault{Action: secretstest.Fail, Status: status, Code: code, Message: message})
}

// accept serves raw connections, each on a goroutine of its own, which may wait for stopped.
func accept(t *testing.T, handle func(s *service, conn *net.TCPConn)) *service {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &service{url: "http://" + listener.Addr().String(), stopped: make(chan struct{})}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.requests.Add(1)
			running.Go(func() {
				defer conn.Close()
				handle(s, conn.(*net.TCPConn))
			})
		}
	})
	t.Cleanup(func() {
		close(s.stopped)
		_ = listener.Close()
		running.Wait()
	})
	return s
}

// closedPort is an address that refuses connections.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return "http://" + listener.Addr().String()
}

// valueOf is GetSecretValue's answer for a secret of text.
func valueOf(text string) string {
	b, err := json.Marshal(map[string]any{
		"ARN":           "arn:aws:secretsmanager:us-east-1:123456789012:secret:accounts/MomentoAuthToken-AbCdEf",
		"Name":          secretID,
		"VersionId":     "v1",
		"SecretString":  text,
		"VersionStages": []string{"AWSCURRENT"},
		"CreatedDate":   1.7e9,
	})
	if err != nil {
		panic(err)
	}
	return string(b)
}

// fakeAPI is the API as a func.
type fakeAPI func(ctx context.Context, in *secretsmanager.GetSecretValueInput) (*secretsmanager.GetSecretValueOutput, error)

func (f fakeAPI) GetSecretValue(
	ctx context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options),
) (*secretsmanager.GetSecretValueOutput, error) {
	return f(ctx, in)
}

// fetch also returns how long it took.
func fetch(ctx context.Context, src secrets.Source) (secrets.Document, time.Duration, error) {
	start := time.Now()
	doc, err := src.Fetch(ctx)
	return doc, time.Since(start), err
}

// readRequest reads a request from a raw connection: one that ends with bytes unread, or while the
// client writes, fails in other ways.
func readRequest(conn net.Conn) {
	request, err := http.ReadRequest(bufio.NewReader(conn))
	if err == nil {
		_, _ = io.Copy(io.Discard, request.Body)
	}
}
