package secrets_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/secrets"
)

// raw answers each request with a text, which may not be HTTP.
func raw(text string) func(s *service, conn *net.TCPConn) {
	return func(_ *service, conn *net.TCPConn) {
		readRequest(conn)
		_, _ = io.WriteString(conn, text)
	}
}

func TestAnAnswerThatIsNotHTTPIsUnavailableAndNotQuoted(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	for name, text := range map[string]string{
		"no head":           `{"SecretString":"` + topSecret + `"}` + "\r\n\r\n",
		"no header":         ok + `{"SecretString" "` + topSecret + `"}` + "\r\n\r\n",
		"content length":    ok + "Content-Length: " + topSecret + "\r\n\r\n",
		"transfer encoding": ok + "Transfer-Encoding: " + topSecret + "\r\n\r\n",
		"chunk":             ok + "Transfer-Encoding: chunked\r\n\r\n" + topSecret + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			url := accept(t, raw(text)).url
			for _, src := range []secrets.Source{source(url), secrets.Extension{ID: secretID, Endpoint: url}} {
				_, err := src.Fetch(t.Context())
				require.ErrorIs(t, err, secrets.ErrUnavailable)
				assert.ErrorContains(t, err, "malformed")
				for ; err != nil; err = unwrapFirst(err) {
					noLeak(t, topSecret, err.Error())
				}
			}
		})
	}
}

// unwrapFirst walks down a chain, also where that has branches.
func unwrapFirst(err error) error {
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return e.Unwrap()
	case interface{ Unwrap() []error }:
		if errs := e.Unwrap(); len(errs) > 0 {
			return errs[len(errs)-1]
		}
	}
	return nil
}

// The body of such an answer is the connection, whose reads ignore the context.
func TestAnAnswerThatSwitchesProtocolsIsAnErrorAndItsConnectionIsClosed(t *testing.T) {
	for name, of := range map[string]func(url string) secrets.Source{
		"SecretsManager": func(url string) secrets.Source { return source(url) },
		"Extension":      func(url string) secrets.Source { return secrets.Extension{ID: secretID, Endpoint: url} },
	} {
		t.Run(name, func(t *testing.T) {
			closed := make(chan struct{})
			s := accept(t, func(s *service, conn *net.TCPConn) {
				readRequest(conn)
				_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
				_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
				if _, err := conn.Read(make([]byte, 1)); errors.Is(err, io.EOF) {
					close(closed)
				}
			})
			_, err := of(s.url).Fetch(t.Context())
			require.ErrorContains(t, err, "101")
			select {
			case <-closed:
			case <-time.After(20 * time.Second):
				t.Error("the connection is kept")
			}
		})
	}
}

func TestARequestThatIsNotSentIsNotBlamedOnTheAnswer(t *testing.T) {
	const token = "two\nlines"
	badToken := config("http://127.0.0.1:1")
	badToken.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "SECRET", SessionToken: token}, nil
	})
	t.Setenv("AWS_TOKEN", token)
	for text, src := range map[string]secrets.Source{
		`unsupported protocol scheme "localhost"`:                 source("localhost:4566"),
		`invalid header field value for "X-Amz-Security-Token"`:   secrets.SecretsManager{API: secrets.NewClient(badToken), ID: secretID},
		`header field value for "X-Aws-Parameters-Secrets-Token"`: secrets.Extension{ID: secretID},
		"no Host in request URL":                                  source("http:///path"),
	} {
		_, err := src.Fetch(t.Context())
		require.ErrorIs(t, err, secrets.ErrUnavailable)
		assert.ErrorContains(t, err, text)
		assert.NotContains(t, err.Error(), "malformed")
	}
}

func TestAConnectionThatIsClosedWithoutAnAnswerGetsThreeAttempts(t *testing.T) {
	for name, of := range map[string]func(url string) secrets.Source{
		"SecretsManager": func(url string) secrets.Source { return source(url) },
		"Extension":      func(url string) secrets.Source { return secrets.Extension{ID: secretID, Endpoint: url} },
	} {
		t.Run(name, func(t *testing.T) {
			s := accept(t, func(_ *service, conn *net.TCPConn) { readRequest(conn) })
			_, _, err := fetch(t.Context(), of(s.url))
			require.ErrorIs(t, err, secrets.ErrUnavailable)
			assert.EqualValues(t, 3, s.requests.Load())
		})
	}
}

func TestAnErrorCodeWithANamespaceIsKnown(t *testing.T) {
	const code = "com.amazonaws.secretsmanager#ResourceNotFoundException"
	s := refuse(t, http.StatusBadRequest, code, "no such secret")
	for _, src := range []secrets.Source{source(s.url), secrets.Extension{ID: secretID, Endpoint: s.url}} {
		_, err := src.Fetch(context.Background())
		assert.ErrorIs(t, err, secrets.ErrNotFound)
	}
}
