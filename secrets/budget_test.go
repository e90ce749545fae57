package secrets_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	sdkhttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/secrets"
)

type output = secretsmanager.GetSecretValueOutput

func TestTheBudgetIsTheSmallerOfTimeoutAndTheCallersDeadline(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ timeout, deadline, want time.Duration }{
		"default":                     {0, 0, time.Second},
		"negative is the default":     {-1, 0, time.Second},
		"own":                         {300 * time.Millisecond, 0, 300 * time.Millisecond},
		"the caller has less":         {0, 200 * time.Millisecond, 200 * time.Millisecond},
		"the caller has more":         {0, time.Minute, time.Second},
		"the caller has nothing left": {0, -time.Second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if c.deadline != 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, c.deadline)
					defer cancel()
				}
				var given time.Duration
				api := fakeAPI(func(ctx context.Context, _ *secretsmanager.GetSecretValueInput) (*output, error) {
					deadline, _ := ctx.Deadline()
					given = time.Until(deadline)
					<-ctx.Done()
					return nil, ctx.Err()
				})

				_, took, err := fetch(ctx, secrets.SecretsManager{API: api, ID: secretID, Timeout: c.timeout})

				require.ErrorIs(t, err, secrets.ErrTimeout)
				assert.ErrorIs(t, err, context.DeadlineExceeded)
				assert.Equal(t, c.want, took)
				assert.Equal(t, c.want, given)
			})
		})
	}
}

// The real client, over a connection in memory, so that time is exact.
func TestAGoodAnswerAfter700MillisecondsIsUsed(t *testing.T) {
	t.Parallel()
	for _, wait := range []time.Duration{710 * time.Millisecond, 990 * time.Millisecond} {
		t.Run(wait.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dials := 0
				cfg := config("http://secrets.invalid")
				cfg.HTTPClient = sdkhttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
					tr.DialContext = func(context.Context, string, string) (net.Conn, error) {
						dials++
						client, server := net.Pipe()
						go answerAfter(server, wait, valueOf("slow but good"))
						return client, nil
					}
				})
				src := secrets.SecretsManager{API: secrets.NewClient(cfg), ID: secretID}

				doc, took, err := fetch(t.Context(), src)

				require.NoError(t, err)
				token, err := doc.Text()
				require.NoError(t, err)
				assert.Equal(t, "slow but good", token.Reveal())
				assert.Equal(t, wait, took)
				assert.Equal(t, 1, dials)
			})
		})
	}
}

func answerAfter(conn net.Conn, wait time.Duration, body string) {
	defer conn.Close()
	readRequest(conn)
	time.Sleep(wait)
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// The pauses alone take 75 ms at least, so 60 ms end in one of them, where the SDK itself would
// report nothing but the context.
func TestTheLastAttemptsErrorIsKeptWhenTimeRunsOutBetweenAttempts(t *testing.T) {
	t.Parallel()
	check := func(t *testing.T, do doFunc) error {
		var failure error
		synctest.Test(t, func(t *testing.T) {
			cfg := config("http://secrets.invalid")
			cfg.HTTPClient = do
			src := secrets.SecretsManager{API: secrets.NewClient(cfg), ID: secretID, Timeout: 60 * time.Millisecond}

			_, took, err := fetch(t.Context(), src)

			require.ErrorIs(t, err, secrets.ErrTimeout)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assert.NotErrorIs(t, err, secrets.ErrUnavailable)
			assert.Equal(t, 60*time.Millisecond, took)
			failure = err
		})
		return failure
	}
	t.Run("refused", func(t *testing.T) {
		t.Parallel()
		err := check(t, func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		})
		assert.ErrorIs(t, err, syscall.ECONNREFUSED)
		assert.ErrorContains(t, err, "connection refused")
	})
	t.Run("500", func(t *testing.T) {
		t.Parallel()
		err := check(t, func(*http.Request) (*http.Response, error) {
			recorder := httptest.NewRecorder()
			write(recorder, 500, `{"__type":"InternalServiceError","message":"sorry"}`)
			return recorder.Result(), nil
		})
		var sdk *types.InternalServiceError
		assert.ErrorAs(t, err, &sdk)
		assert.ErrorContains(t, err, "sorry")
	})
}

func TestACallThatIsDeafToItsContextDoesNotHoldTheCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		released := make(chan struct{})
		defer close(released)
		api := fakeAPI(func(context.Context, *secretsmanager.GetSecretValueInput) (*output, error) {
			<-released
			return &output{}, nil
		})

		_, took, err := fetch(t.Context(), secrets.SecretsManager{API: api, ID: secretID})

		assert.ErrorIs(t, err, secrets.ErrTimeout)
		assert.Less(t, took, 1100*time.Millisecond)
	})
}

func TestAnErrorThatOnlyReportsTheContextsEndCountsAsIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stopped := errors.New("stopped")
		api := fakeAPI(func(ctx context.Context, _ *secretsmanager.GetSecretValueInput) (*output, error) {
			<-ctx.Done()
			return nil, stopped
		})

		_, err := secrets.SecretsManager{API: api, ID: secretID}.Fetch(t.Context())

		assert.ErrorIs(t, err, secrets.ErrTimeout)
		assert.ErrorIs(t, err, stopped)
	})
}

// net/http may report the cause of a context's end, or what it broke by it.
func TestABodyThatTheContextsEndBreaksIsTheContextsEnd(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 400, 503} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cfg := config("http://secrets.invalid")
				cfg.HTTPClient = doFunc(func(r *http.Request) (*http.Response, error) {
					return &http.Response{StatusCode: status, Header: http.Header{}, Body: brokenBy(r.Context())}, nil
				})
				src := secrets.SecretsManager{API: secrets.NewClient(cfg), ID: secretID}

				_, took, err := fetch(t.Context(), src)

				assert.ErrorIs(t, err, secrets.ErrTimeout)
				assert.ErrorIs(t, err, context.DeadlineExceeded)
				assert.Equal(t, time.Second, took)
			})
		})
	}
}

func brokenBy(ctx context.Context) io.ReadCloser {
	return io.NopCloser(readFunc(func([]byte) (int, error) {
		<-ctx.Done()
		return 0, errors.New("broken")
	}))
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

func explode(context.Context, *secretsmanager.GetSecretValueInput) (*output, error) {
	panic(errExploded)
}

var errExploded = errors.New("exploded")

func TestAPanicInTheCallPanicsInItsCallerWithItsStack(t *testing.T) {
	t.Parallel()
	defer func() {
		err, ok := recover().(error)
		require.True(t, ok)
		assert.ErrorIs(t, err, errExploded)
		assert.ErrorContains(t, err, "secrets_test.explode")
	}()
	_, _ = secrets.SecretsManager{API: fakeAPI(explode), ID: secretID}.Fetch(t.Context())
	t.Error("no panic")
}

func TestACallThatEndsItsGoroutineIsAnError(t *testing.T) {
	t.Parallel()
	api := fakeAPI(func(context.Context, *secretsmanager.GetSecretValueInput) (*output, error) {
		runtime.Goexit()
		return nil, nil
	})
	_, took, err := fetch(t.Context(), secrets.SecretsManager{API: api, ID: secretID})
	assert.ErrorContains(t, err, "runtime.Goexit was called")
	assert.Less(t, took, soon)
}
