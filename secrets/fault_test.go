package secrets_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/secrets"
	"github.com/warmclient/warmclient/secrets/secretstest"
)

const (
	// soon is far above the budgets of the tests that use it, so that a busy machine keeps it.
	soon = 5 * time.Second
	// short is a custom budget, for cases that exhaust it.
	short = 250 * time.Millisecond
)

// hang reads the request and does not answer.
func hang(s *service, _ http.ResponseWriter, r *http.Request) {
	select {
	case <-s.stopped:
	case <-r.Context().Done():
	}
}

// reset ends the connection with RST.
func reset(_ *service, conn *net.TCPConn) {
	readRequest(conn)
	_ = conn.SetLinger(0)
}

func drip(s *service, w io.Writer, flush func(), text string) {
	for {
		select {
		case <-s.stopped:
			return
		case <-time.After(20 * time.Millisecond):
		}
		if _, err := io.WriteString(w, text); err != nil {
			return
		}
		flush()
	}
}

func hanging(ctx context.Context) (aws.Credentials, error) {
	<-ctx.Done()
	return aws.Credentials{}, ctx.Err()
}

func TestEveryFaultEndsWithinTheBudgetAndKeepsItsCause(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	t.Cleanup(func() { close(hold) })
	ignoring := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		<-hold
		return aws.Credentials{}, errors.New("too late")
	})
	withCredentials := func(p aws.CredentialsProvider) func(*testing.T) (*service, secrets.SecretsManager) {
		return func(t *testing.T) (*service, secrets.SecretsManager) {
			s := manage(t, "x")
			cfg := config(s.url)
			cfg.Credentials = p
			return s, secrets.SecretsManager{API: secrets.NewClient(cfg), ID: secretID}
		}
	}
	faulty := func(start func(*testing.T) *service) func(*testing.T) (*service, secrets.SecretsManager) {
		return func(t *testing.T) (*service, secrets.SecretsManager) {
			s := start(t)
			return s, source(s.url)
		}
	}

	cases := map[string]struct {
		start    func(t *testing.T) (*service, secrets.SecretsManager)
		kind     error
		causes   []error
		code     string // of the SDK's smithy.APIError
		attempts int32
		timeout  time.Duration // 0: the default
	}{
		"hang": {
			start: faulty(func(t *testing.T) *service { return manage(t, "x", secretstest.Fault{Action: secretstest.Hang}) }),
			kind:  secrets.ErrTimeout, causes: []error{context.DeadlineExceeded}, attempts: 1,
		},
		"accept and stay mute": {
			start: faulty(func(t *testing.T) *service {
				return accept(t, func(s *service, _ *net.TCPConn) { <-s.stopped })
			}),
			kind: secrets.ErrTimeout, causes: []error{context.DeadlineExceeded}, attempts: 1, timeout: short,
		},
		"drip a header": {
			start: faulty(func(t *testing.T) *service {
				return accept(t, func(s *service, conn *net.TCPConn) {
					readRequest(conn)
					_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nX-Slow: ")
					drip(s, conn, func() {}, "x")
				})
			}),
			kind: secrets.ErrTimeout, causes: []error{context.DeadlineExceeded}, attempts: 1, timeout: short,
		},
		"drip a body": {
			start: faulty(func(t *testing.T) *service {
				return serve(t, func(s *service, w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Length", "65536")
					drip(s, w, w.(http.Flusher).Flush, " ")
				})
			}),
			kind: secrets.ErrTimeout, causes: []error{context.DeadlineExceeded}, attempts: 1, timeout: short,
		},
		"drip an error's body": {
			start: faulty(func(t *testing.T) *service {
				return serve(t, func(s *service, w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Length", "65536")
					w.WriteHeader(503)
					drip(s, w, w.(http.Flusher).Flush, " ")
				})
			}),
			kind: secrets.ErrTimeout, causes: []error{context.DeadlineExceeded}, attempts: 1, timeout: short,
		},
		"500, then hang": {
			start: faulty(func(t *testing.T) *service {
				return serve(t, func(s *service, w http.ResponseWriter, r *http.Request) {
					if s.requests.Load() == 1 {
						write(w, 500, `{"__type":"InternalServiceError","message":"first"}`)
						return
					}
					hang(s, w, r)
				})
			}),
			kind: secrets.ErrTimeout, causes: []error{context.DeadlineExceeded}, code: "InternalServiceError",
			attempts: 2,
		},
		"reset": {
			start: faulty(func(t *testing.T) *service { return manage(t, "x", secretstest.Fault{Action: secretstest.Reset}) }),
			kind:  secrets.ErrUnavailable, causes: []error{syscall.ECONNRESET}, attempts: 3,
		},
		"reset within the body": {
			start: faulty(func(t *testing.T) *service {
				return accept(t, func(_ *service, conn *net.TCPConn) {
					readRequest(conn)
					_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"SecretString\":\"half")
					time.Sleep(20 * time.Millisecond) // for the client to read so far
					_ = conn.SetLinger(0)
				})
			}),
			// net/http reports the reset, or the connection that it closed for it.
			kind: secrets.ErrUnavailable, attempts: 3,
		},
		"close within the body": {
			start: faulty(func(t *testing.T) *service {
				return serve(t, func(_ *service, w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Length", "100")
					_, _ = io.WriteString(w, `{"SecretString":"half`)
				})
			}),
			kind: secrets.ErrUnavailable, causes: []error{io.ErrUnexpectedEOF}, attempts: 1,
		},
		"refuse": {
			start: func(t *testing.T) (*service, secrets.SecretsManager) { return nil, source(closedPort(t)) },
			kind:  secrets.ErrUnavailable, causes: []error{syscall.ECONNREFUSED},
		},
		"500": {
			start: faulty(func(t *testing.T) *service { return refuse(t, 500, "InternalServiceError", "sorry") }),
			kind:  secrets.ErrUnavailable, code: "InternalServiceError", attempts: 3,
		},
		"503 of a proxy": {
			start: faulty(func(t *testing.T) *service { return answer(t, 503, "<html>Service Unavailable</html>") }),
			kind:  secrets.ErrUnavailable, attempts: 3,
		},
		"429": {
			start: faulty(func(t *testing.T) *service { return answer(t, 429, "") }),
			kind:  secrets.ErrThrottled, attempts: 3,
		},
		"400, throttled": {
			start: faulty(func(t *testing.T) *service { return refuse(t, 400, "ThrottlingException", "Rate exceeded") }),
			kind:  secrets.ErrThrottled, code: "ThrottlingException", attempts: 3,
		},
		"hanging credentials": {
			start: withCredentials(aws.CredentialsProviderFunc(hanging)),
			kind:  secrets.ErrTimeout, causes: []error{context.DeadlineExceeded}, timeout: short,
		},
		"credentials that ignore their context": {
			start: withCredentials(ignoring),
			kind:  secrets.ErrTimeout, causes: []error{context.DeadlineExceeded}, timeout: short,
		},
		"hanging credentials behind the SDK's cache": {
			start: withCredentials(aws.NewCredentialsCache(ignoring)),
			kind:  secrets.ErrTimeout, causes: []error{context.DeadlineExceeded}, timeout: short,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, src := c.start(t)
			src.Timeout = c.timeout

			_, took, err := fetch(t.Context(), src)

			t.Logf("%v after %v", err, took.Round(time.Millisecond))
			var failure *secrets.Error
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, c.kind, failure.Kind)
			for _, cause := range c.causes {
				assert.ErrorIs(t, err, cause)
			}
			if c.code != "" {
				var api smithy.APIError
				require.ErrorAs(t, err, &api)
				assert.Equal(t, c.code, api.ErrorCode())
			}
			assert.Less(t, took, soon)
			if s != nil {
				assert.Equal(t, c.attempts, s.requests.Load(), "attempts")
			}
			assert.NotErrorIs(t, err, context.Canceled)
		})
	}
}
