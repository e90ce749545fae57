package secrets_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/secrets"
)

// notReady is the answer of the Lambda extension before the first invocation.
const notReady = "not ready to serve traffic, please wait"

// noTokens clears the variables that a token is taken from.
func noTokens(t *testing.T) {
	t.Helper()
	for _, name := range []string{"AWS_TOKEN", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"} {
		t.Setenv(name, "")
	}
}

func TestTheExtensionIsAskedWithTheTokenAndAnEscapedID(t *testing.T) {
	noTokens(t)
	t.Setenv("AWS_SESSION_TOKEN", "session-token")
	const id = "a/b c&secretId=d?e#f%2F+\u00e9"
	var got *http.Request
	s := serve(t, func(_ *service, w http.ResponseWriter, r *http.Request) {
		got = r
		write(w, 200, `{"ARN":"arn","Name":"other","VersionId":"v1","SecretString":"{\"a\":\"x\"}","CreatedDate":"2026-01-02T03:04:05Z"}`)
	})

	doc, err := secrets.Extension{ID: id, VersionStage: "AWSPREVIOUS", VersionID: "v1", Endpoint: s.url}.Fetch(t.Context())

	require.NoError(t, err)
	assert.Equal(t, http.MethodGet, got.Method)
	assert.Equal(t, "/secretsmanager/get", got.URL.Path)
	assert.Equal(t, url.Values{"secretId": {id}, "versionStage": {"AWSPREVIOUS"}, "versionId": {"v1"}}, got.URL.Query())
	assert.Equal(t, "session-token", got.Header.Get("X-Aws-Parameters-Secrets-Token"))
	assert.True(t, got.Close, "a connection kept would be dead after a freeze")
	assert.Equal(t, id, doc.Name())
	assert.Equal(t, "v1", doc.VersionID())
	token, err := doc.Key("a")
	require.NoError(t, err)
	assert.Equal(t, "x", token.Reveal())
}

func TestTheCurrentVersionIsTheDefaultOfTheExtension(t *testing.T) {
	var query url.Values
	s := serve(t, func(_ *service, w http.ResponseWriter, r *http.Request) {
		query = r.URL.Query()
		write(w, 200, valueOf("x"))
	})
	_, err := secrets.Extension{ID: secretID, Endpoint: s.url + "/"}.Fetch(t.Context())
	require.NoError(t, err)
	assert.Equal(t, url.Values{"secretId": {secretID}}, query)
}

func TestTheTokenOfTheExtensionIsReadInTheAgentsOrder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "awssmatoken")
	require.NoError(t, os.WriteFile(file, []byte("of-the-file\n"), 0o600))
	for name, c := range map[string]struct {
		env  map[string]string
		want string
	}{
		"on Lambda":          {map[string]string{"AWS_SESSION_TOKEN": "session"}, "session"},
		"the agent's own":    {map[string]string{"AWS_TOKEN": "own", "AWS_SESSION_TOKEN": "session"}, "own"},
		"the agent's file":   {map[string]string{"AWS_TOKEN": "file://" + file}, "of-the-file"},
		"of a container":     {map[string]string{"AWS_CONTAINER_AUTHORIZATION_TOKEN": "container"}, "container"},
		"blanks are trimmed": {map[string]string{"AWS_SESSION_TOKEN": " session\n"}, "session"},
	} {
		t.Run(name, func(t *testing.T) {
			noTokens(t)
			for key, value := range c.env {
				t.Setenv(key, value)
			}
			var got string
			s := serve(t, func(_ *service, w http.ResponseWriter, r *http.Request) {
				got = r.Header.Get("X-Aws-Parameters-Secrets-Token")
				write(w, 200, valueOf("x"))
			})
			_, err := secrets.Extension{ID: secretID, Endpoint: s.url}.Fetch(t.Context())
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestAMissingTokenFileIsAccessDenied(t *testing.T) {
	noTokens(t)
	t.Setenv("AWS_TOKEN", "file:///nowhere/awssmatoken")
	_, err := secrets.Extension{ID: secretID, Endpoint: closedPort(t)}.Fetch(t.Context())
	assert.ErrorIs(t, err, secrets.ErrAccessDenied)
	assert.ErrorContains(t, err, "/nowhere/awssmatoken")
}

func TestThePortOfTheExtensionComesFromItsVariable(t *testing.T) {
	s := answer(t, 200, valueOf("x"))
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.url, "http://"))
	require.NoError(t, err)
	t.Setenv("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", port)

	_, err = secrets.Extension{ID: secretID}.Fetch(t.Context())

	require.NoError(t, err)
	assert.Equal(t, int32(1), s.requests.Load())
}

func TestAnInvalidPortIsReportedWithItsVariable(t *testing.T) {
	for _, port := range []string{"abc", "0", "70000", "-1", "80/x", "80@example.com"} {
		t.Setenv("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", port)
		_, err := secrets.Extension{ID: secretID}.Fetch(t.Context())
		require.ErrorContains(t, err, `PARAMETERS_SECRETS_EXTENSION_HTTP_PORT is "`+port+`"`)
		assert.NotContains(t, err.Error(), "Endpoint")
	}
}

func TestABrokenConnectionGetsThreeAttemptsAfterAnyEarlierAnswer(t *testing.T) {
	t.Parallel()
	const before = 4
	s := accept(t, func(s *service, conn *net.TCPConn) {
		if s.requests.Load() <= before {
			readRequest(conn)
			_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"+notReady)
			return
		}
		reset(s, conn)
	})
	_, err := secrets.Extension{ID: secretID, Endpoint: s.url, Timeout: 5 * time.Second}.Fetch(t.Context())
	require.ErrorIs(t, err, secrets.ErrUnavailable)
	assert.Equal(t, int32(before+3), s.requests.Load())
}

func TestTheTokenGoesNowhereButToLoopback(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{
		"http://example.com", "http://10.0.0.1:2773", "http://localhost.example.com", "localhost:2773", "ftp://localhost",
		"http://127.0.0.1@example.com", "http://[fe80::1]:2773", "http://", "http://%zz",
	} {
		_, err := secrets.Extension{ID: secretID, Endpoint: endpoint}.Fetch(t.Context())
		assert.ErrorContains(t, err, "loopback", endpoint)
	}
}

func TestARedirectOfTheExtensionIsNotFollowed(t *testing.T) {
	t.Parallel()
	elsewhere := answer(t, 200, valueOf("of elsewhere"))
	s := serve(t, func(_ *service, w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.url+"/secretsmanager/get", http.StatusTemporaryRedirect)
	})

	_, err := secrets.Extension{ID: secretID, Endpoint: s.url}.Fetch(t.Context())

	assert.ErrorIs(t, err, secrets.ErrUnavailable)
	assert.ErrorContains(t, err, "status 307")
	assert.Equal(t, int32(1), s.requests.Load())
	assert.Zero(t, elsewhere.requests.Load(), "the token would have gone there")
}

func TestAnEndlessAnswerOfTheExtensionIsCutOff(t *testing.T) {
	t.Parallel()
	s := serve(t, func(_ *service, w http.ResponseWriter, r *http.Request) {
		chunk := []byte(strings.Repeat("x", 1<<16))
		_, _ = io.WriteString(w, `{"SecretString":"`)
		for r.Context().Err() == nil {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})

	_, took, err := fetch(t.Context(), secrets.Extension{ID: secretID, Endpoint: s.url, Timeout: 10 * time.Second})

	assert.ErrorIs(t, err, secrets.ErrUnavailable)
	assert.ErrorContains(t, err, "larger than 1 MiB")
	assert.Less(t, took, 5*time.Second)
}

func TestTheExtensionIsRetriedUntilItIsReady(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"the Lambda extension":  notReady,
		"the agent as one":      "Serving not enabled. Hit the /start_serving endpoint to enable serving requests.",
		"words around the text": "400 Bad Request: " + notReady,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(s *service, w http.ResponseWriter, _ *http.Request) {
				if s.requests.Load() < 5 {
					write(w, 400, text)
					return
				}
				write(w, 200, valueOf("ready"))
			})
			token, err := secrets.Load(t.Context(), secrets.Extension{ID: secretID, Endpoint: s.url}, "")
			require.NoError(t, err)
			assert.Equal(t, "ready", token.Reveal())
			assert.Equal(t, int32(5), s.requests.Load())
		})
	}
}

func TestAnExtensionThatIsNeverReadyTimesOutAndSaysSo(t *testing.T) {
	t.Parallel()
	s := answer(t, 400, notReady)

	_, took, err := fetch(t.Context(), secrets.Extension{ID: secretID, Endpoint: s.url})

	require.ErrorIs(t, err, secrets.ErrTimeout)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "not ready")
	assert.Less(t, took, soon)
	assert.Greater(t, s.requests.Load(), int32(1))
}

func TestAnExtensionThatIsNotReadyIsRetriedTenTimesASecond(t *testing.T) {
	t.Parallel()
	s := answer(t, 400, notReady)

	_, _, err := fetch(t.Context(), secrets.Extension{ID: secretID, Endpoint: s.url, Timeout: 6 * time.Second})

	require.ErrorIs(t, err, secrets.ErrTimeout)
	assert.LessOrEqual(t, s.requests.Load(), int32(63))
}

func TestEveryFaultOfTheExtensionEndsWithinTheBudget(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		start    func(t *testing.T) *service
		kind     error
		cause    error
		attempts int32
		timeout  time.Duration // 0: the default
	}{
		"hang": {func(t *testing.T) *service { return serve(t, hang) }, secrets.ErrTimeout, context.DeadlineExceeded, 1, short},
		"accept and stay mute": {func(t *testing.T) *service {
			return accept(t, func(s *service, _ *net.TCPConn) { <-s.stopped })
		}, secrets.ErrTimeout, context.DeadlineExceeded, 1, short},
		"drip": {func(t *testing.T) *service {
			return serve(t, func(s *service, w http.ResponseWriter, _ *http.Request) {
				drip(s, w, w.(http.Flusher).Flush, " ")
			})
		}, secrets.ErrTimeout, context.DeadlineExceeded, 1, short},
		"refuse": {func(t *testing.T) *service { return &service{url: closedPort(t)} }, secrets.ErrUnavailable, syscall.ECONNREFUSED, 0, 0},
		"reset":  {func(t *testing.T) *service { return accept(t, reset) }, secrets.ErrUnavailable, syscall.ECONNRESET, 3, 0},
		"close within the body": {func(t *testing.T) *service {
			return serve(t, func(_ *service, w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "100")
				_, _ = io.WriteString(w, `{"SecretString":"half`)
			})
		}, secrets.ErrUnavailable, io.ErrUnexpectedEOF, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := c.start(t)

			_, took, err := fetch(t.Context(), secrets.Extension{ID: secretID, Endpoint: s.url, Timeout: c.timeout})

			t.Log(err)
			assert.ErrorIs(t, err, c.kind)
			assert.ErrorIs(t, err, c.cause)
			assert.NotErrorIs(t, err, context.Canceled)
			assert.Equal(t, c.attempts, s.requests.Load())
			assert.Less(t, took, soon)
		})
	}
}
