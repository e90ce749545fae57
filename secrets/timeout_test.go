package secrets_test

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdkhttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/awsconfig"
	"github.com/warmclient/warmclient/secrets"
)

// This test uses a network that drops packets and a server that does not answer, with fake time.
func TestATimeoutSaysWhatWasWaitedForAndNamesTheHost(t *testing.T) {
	t.Parallel()
	const host = "secretsmanager.us-east-1.amazonaws.com"
	swallow := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	silent := func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() { defer server.Close(); readRequest(server); time.Sleep(2 * time.Second) }()
		return client, nil
	}
	through := func(dial func(context.Context, string, string) (net.Conn, error), proxy *url.URL) func(*http.Transport) {
		return func(tr *http.Transport) {
			tr.DialContext, tr.DialTLSContext = dial, dial
			tr.Proxy = http.ProxyURL(proxy)
		}
	}
	for name, c := range map[string]struct {
		transport   func(*http.Transport)
		credentials aws.CredentialsProviderFunc
		text        string
	}{
		"credentials":             {through(silent, nil), hanging, "timed out: no AWS credentials within 1s"},
		"connecting":              {through(swallow, nil), nil, "timed out: no answer from " + host + " within 1s (connecting)"},
		"connecting to the proxy": {through(swallow, &url.URL{Scheme: "http", Host: "proxy.internal:3128"}), nil, "timed out: no answer from " + host + " within 1s (connecting)"},
		"waiting for the answer":  {through(silent, nil), nil, "timed out: no answer from " + host + " within 1s (waiting for the answer)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cfg := aws.Config{Region: region, Credentials: keys}
				if c.credentials != nil {
					cfg.Credentials = c.credentials
				}
				cfg.HTTPClient = sdkhttp.NewBuildableClient().WithTransportOptions(c.transport)
				_, took, err := fetch(t.Context(), secrets.SecretsManager{API: secrets.NewClient(cfg), ID: secretID})
				require.ErrorIs(t, err, secrets.ErrTimeout)
				assert.ErrorContains(t, err, c.text)
				assert.Equal(t, time.Second, took)
				time.Sleep(5 * time.Second) // net/http continues to dial
			})
		})
	}
}

func TestATimeoutInAPauseNamesTheHostAndTheLastAttempt(t *testing.T) {
	t.Parallel()
	s := refuse(t, 500, "InternalServiceError", "sorry")
	client := secrets.NewClient(config(s.url), func(o *secretsmanager.Options) { o.Retryer = slow{o.Retryer} })
	_, err := secrets.SecretsManager{API: client, ID: secretID, Timeout: short}.Fetch(t.Context())
	require.ErrorIs(t, err, secrets.ErrTimeout)
	assert.ErrorContains(t, err, "no good answer from "+s.url[len("http://"):]+" within 250ms; the last attempt: ")
	assert.ErrorContains(t, err, "sorry")
}

// slow pauses for longer than any budget here.
type slow struct{ aws.Retryer }

func (slow) RetryDelay(int, error) (time.Duration, error) { return time.Minute, nil }

func TestATimeoutOfTheExtensionNamesTheHostToo(t *testing.T) {
	t.Parallel()
	s := serve(t, hang)
	_, err := secrets.Extension{ID: secretID, Endpoint: s.url, Timeout: short}.Fetch(t.Context())
	require.ErrorIs(t, err, secrets.ErrTimeout)
	assert.ErrorContains(t, err, "no answer from "+s.url[len("http://"):]+" within 250ms (waiting for the answer)")
}

func TestACanceledFetchSaysWhatItWaitedFor(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := serve(t, func(s *service, w http.ResponseWriter, r *http.Request) { cancel(); hang(s, w, r) })
	_, err := source(s.url).Fetch(ctx)
	require.ErrorIs(t, err, context.Canceled)
	assert.ErrorContains(t, err, "(waiting for the answer)")
}

// A tuned configuration retries ten times and limits an attempt.
func TestATunedConfigurationDoesNotCutASlowAnswer(t *testing.T) {
	t.Parallel()
	s := serve(t, func(s *service, w http.ResponseWriter, _ *http.Request) {
		time.Sleep(200 * time.Millisecond)
		write(w, 200, valueOf("slow but good"))
	})
	cfg := awsconfig.Tune(config(s.url), awsconfig.Options{AttemptTimeout: 50 * time.Millisecond})
	token, err := secrets.Load(t.Context(), secrets.SecretsManager{API: secrets.NewClient(cfg), ID: secretID}, "")
	require.NoError(t, err)
	assert.Equal(t, "slow but good", token.Reveal())
	assert.Equal(t, int32(1), s.requests.Load())

	failing := answer(t, 500, `{}`)
	cfg = awsconfig.Tune(config(failing.url), awsconfig.Options{})
	_, err = secrets.SecretsManager{API: secrets.NewClient(cfg), ID: secretID}.Fetch(t.Context())
	require.ErrorIs(t, err, secrets.ErrUnavailable)
	assert.Equal(t, int32(3), failing.requests.Load())
}
