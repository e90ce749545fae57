package secrets_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sdkhttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go/logging"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/secrets"
)

// wide is every setting of aws.Config that would widen the limits.
var wide = map[string]func(*aws.Config){
	"nothing":          func(*aws.Config) {},
	"legacy":           func(c *aws.Config) { c.DefaultsMode = aws.DefaultsModeLegacy },
	"standard":         func(c *aws.Config) { c.DefaultsMode = aws.DefaultsModeStandard },
	"mobile":           func(c *aws.Config) { c.DefaultsMode = aws.DefaultsModeMobile },
	"auto":             func(c *aws.Config) { c.DefaultsMode = aws.DefaultsModeAuto },
	"adaptive":         func(c *aws.Config) { c.RetryMode = aws.RetryModeAdaptive },
	"RetryMaxAttempts": func(c *aws.Config) { c.RetryMaxAttempts = 10 },
	"Retryer": func(c *aws.Config) {
		c.Retryer = func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = 10 })
		}
	},
	"service options": func(c *aws.Config) {
		c.ServiceOptions = append(c.ServiceOptions, func(_ string, o any) {
			o.(*secretsmanager.Options).RetryMaxAttempts = 10
		})
	},
}

func TestNoSettingOfTheConfigWidensTheLimits(t *testing.T) {
	t.Parallel()
	for name, widen := range wide {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := answer(t, 500, `{}`)
			cfg := config(s.url)
			widen(&cfg)
			client := secrets.NewClient(cfg)

			options := client.Options()
			assert.Equal(t, 3, options.Retryer.MaxAttempts())
			for attempt := range 10 {
				delay, err := options.Retryer.RetryDelay(attempt, nil)
				require.NoError(t, err)
				assert.Positive(t, delay)
				assert.LessOrEqual(t, delay, 100*time.Millisecond)
			}

			_, took, err := fetch(t.Context(), secrets.SecretsManager{API: client, ID: secretID})
			assert.ErrorIs(t, err, secrets.ErrUnavailable)
			assert.Equal(t, int32(3), s.requests.Load())
			assert.Less(t, took, soon)
		})
	}
}

func TestNoVariableOfTheEnvironmentWidensThePauses(t *testing.T) {
	t.Setenv("AWS_NEW_RETRIES_2026", "true")
	t.Setenv("AWS_MAX_ATTEMPTS", "10")
	t.Setenv("AWS_RETRY_MODE", "adaptive")
	s := refuse(t, 400, "ThrottlingException", "slow down")

	_, took, err := fetch(t.Context(), source(s.url))

	assert.ErrorIs(t, err, secrets.ErrThrottled)
	assert.Equal(t, int32(3), s.requests.Load())
	assert.Less(t, took, soon)
}

func TestAServerThatAsksForALongPauseDoesNotWidenIt(t *testing.T) {
	t.Setenv("AWS_NEW_RETRIES_2026", "true")
	s := serve(t, func(_ *service, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amz-Retry-After", "700")
		write(w, http.StatusServiceUnavailable, `{}`)
	})

	_, took, err := fetch(t.Context(), source(s.url))

	assert.ErrorIs(t, err, secrets.ErrUnavailable)
	assert.Equal(t, int32(3), s.requests.Load())
	assert.Less(t, took, soon)
}

func TestTheCallersOwnOptionsWin(t *testing.T) {
	t.Parallel()
	s := answer(t, 500, `{}`)
	client := secrets.NewClient(config(s.url), func(o *secretsmanager.Options) { o.RetryMaxAttempts = 1 })

	_, err := secrets.SecretsManager{API: client, ID: secretID}.Fetch(t.Context())

	assert.ErrorIs(t, err, secrets.ErrUnavailable)
	assert.Equal(t, int32(1), s.requests.Load())
}

func TestAnHTTPClientOfTheCallersIsUsed(t *testing.T) {
	t.Parallel()
	cfg := config("http://secrets.invalid")
	cfg.HTTPClient = doFunc(func(*http.Request) (*http.Response, error) { return nil, fmt.Errorf("my client") })

	_, err := secrets.SecretsManager{API: secrets.NewClient(cfg), ID: secretID}.Fetch(t.Context())

	assert.ErrorContains(t, err, "my client")
}

// A network that swallows packets would hold the SDK's own dial for 30 s.
func TestADialIsBoundedAlsoInALongerBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := config("http://192.0.2.1")
		dials := 0
		cfg.HTTPClient = sdkhttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
			tr.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
				dials++
				<-ctx.Done()
				return nil, ctx.Err()
			}
		})
		src := secrets.SecretsManager{API: secrets.NewClient(cfg), ID: secretID, Timeout: time.Minute}

		_, took, err := fetch(t.Context(), src)

		require.ErrorIs(t, err, secrets.ErrTimeout)
		assert.ErrorContains(t, err, "exceeded maximum number of attempts, 3")
		assert.Equal(t, 3, dials, "the caller's DialContext")
		assert.Greater(t, took, 1500*time.Millisecond)
		assert.Less(t, took, 1800*time.Millisecond)
	})
}

func TestTheSDKsLogDoesNotGetTheSecret(t *testing.T) {
	t.Parallel()
	const secret = "tOpSeCrEt"
	for name, body := range map[string]string{
		"good":      valueOf(secret),
		"malformed": `{"SecretString":["` + secret + `"]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			cfg := config(answer(t, 200, body).url)
			cfg.Logger = logging.NewStandardLogger(&log)
			cfg.ClientLogMode = aws.LogResponseWithBody | aws.LogRequestWithBody | aws.LogRetries

			// Also with a client that this package has not made.
			_, _ = secrets.SecretsManager{API: secretsmanager.NewFromConfig(cfg), ID: secretID}.Fetch(t.Context())

			assert.Empty(t, log.String())
		})
	}
}
