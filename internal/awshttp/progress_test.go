package awshttp_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdkhttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/internal/awshttp"
)

// call gets a secret within a second, and returns the progress of the call.
func call(t *testing.T, cfg aws.Config) (*awshttp.Progress, error) {
	t.Helper()
	cfg.Region = "us-east-1"
	client := secretsmanager.NewFromConfig(awshttp.Tune(cfg, 0), func(o *secretsmanager.Options) {
		o.APIOptions = append(o.APIOptions, awshttp.RecordProgress)
	})
	t.Cleanup(func() { client.Options().HTTPClient.(*awshttp.Client).CloseIdleConnections() })
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	ctx, progress := awshttp.WithProgress(ctx)
	_, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("id")})
	return progress, err
}

func TestProgressNamesThePhaseAndTheHost(t *testing.T) {
	t.Parallel()
	never := func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }
	for name, test := range map[string]struct {
		transport   func(tr *http.Transport)
		credentials aws.CredentialsProvider
		phase       awshttp.Phase
		host, text  string
	}{
		"credentials": {
			credentials: aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
				<-ctx.Done()
				return aws.Credentials{}, ctx.Err()
			}),
			phase: awshttp.Credentials, text: "no AWS credentials within 1s",
		},
		"connecting": {
			transport: func(tr *http.Transport) { tr.DialContext = never },
			phase:     awshttp.Connecting, host: "secretsmanager.us-east-1.amazonaws.com",
			text: "no answer from secretsmanager.us-east-1.amazonaws.com within 1s (connecting)",
		},
		"connecting to a proxy": {
			transport: func(tr *http.Transport) {
				tr.DialContext = never
				tr.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.internal:3128"})
			},
			phase: awshttp.Connecting, host: "secretsmanager.us-east-1.amazonaws.com",
			text: "no answer from secretsmanager.us-east-1.amazonaws.com within 1s (connecting)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cfg := aws.Config{Credentials: aws.AnonymousCredentials{}}
				if test.credentials != nil {
					cfg.Credentials = test.credentials
				}
				if test.transport != nil {
					cfg.HTTPClient = sdkhttp.NewBuildableClient().WithTransportOptions(test.transport)
				}
				progress, err := call(t, cfg)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				phase, host := progress.Waiting()
				assert.Equal(t, test.phase, phase)
				assert.Equal(t, test.host, host)
				assert.Equal(t, test.text, progress.Timeout(time.Second))
				assert.NoError(t, progress.Last())
				time.Sleep(time.Second) // net/http continues to dial
			})
		})
	}
}

// answering returns a configuration whose service answers with these statuses, and then stops
// answering.
func answering(t *testing.T, statuses ...int) aws.Config {
	t.Helper()
	var requests atomic.Int32
	server, _, client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // otherwise the server does not notice that the client disconnects
		if n := int(requests.Add(1)); n <= len(statuses) {
			w.WriteHeader(statuses[n-1])
			return
		}
		<-r.Context().Done()
	})
	return aws.Config{Credentials: aws.AnonymousCredentials{}, HTTPClient: client, BaseEndpoint: &server.URL}
}

func TestProgressKeepsTheLastAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		progress, err := call(t, answering(t, http.StatusServiceUnavailable))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, http.StatusServiceUnavailable, awshttp.StatusOf(progress.Last()))
		assert.Equal(t, "no answer from 192.0.2.1:80 within 1s (waiting for the answer)", progress.Timeout(time.Second))
		assert.Zero(t, awshttp.StatusOf(err))
	})
}

func TestProgressReportsADeadlineDuringAPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := answering(t, http.StatusServiceUnavailable)
		cfg.Retryer = func() aws.Retryer { return awshttp.Retryer(3, func(int) time.Duration { return time.Hour }) }
		progress, err := call(t, cfg)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, http.StatusServiceUnavailable, awshttp.StatusOf(progress.Last()))
		phase, _ := progress.Waiting()
		assert.Equal(t, awshttp.Pausing, phase)
		assert.Equal(t, "no good answer from 192.0.2.1:80 within 1s", progress.Timeout(time.Second))
	})
}

func TestACallWithoutProgressIsMade(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := secretsmanager.NewFromConfig(awshttp.Tune(answering(t, http.StatusForbidden), 0), func(o *secretsmanager.Options) {
			o.Region = "us-east-1"
			o.APIOptions = append(o.APIOptions, awshttp.RecordProgress)
		})
		t.Cleanup(func() { client.Options().HTTPClient.(*awshttp.Client).CloseIdleConnections() })
		_, err := client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("id")})
		assert.Equal(t, http.StatusForbidden, awshttp.StatusOf(err))
	})
}
