package awsconfig_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdkhttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/awsconfig"
)

func newDynamoDB(cfg aws.Config) *dynamodb.Client { return dynamodb.NewFromConfig(cfg) }

// mute is a configuration whose dials get no answer.
func mute(dialed func()) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String("http://192.0.2.1"), Credentials: aws.AnonymousCredentials{},
		HTTPClient: sdkhttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
			tr.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
				dialed()
				<-ctx.Done()
				return nil, ctx.Err()
			}
		}),
	}
}

func TestDefaultsModeDoesNotUndoTheLimits(t *testing.T) {
	t.Parallel()
	for _, mode := range []aws.DefaultsMode{aws.DefaultsModeInRegion, aws.DefaultsModeMobile} {
		synctest.Test(t, func(t *testing.T) {
			dials := []time.Time{}
			cfg := mute(func() { dials = append(dials, time.Now()) })
			cfg.DefaultsMode = mode
			tuned := awsconfig.Tune(cfg, awsconfig.Options{})
			client := newDynamoDB(tuned)
			assert.Same(t, tuned.HTTPClient, client.Options().HTTPClient)
			_, err := client.GetItem(t.Context(), getItem())
			require.Error(t, err)
			require.Len(t, dials, 10)
			for i, dialed := range dials[1:] {
				apart := dialed.Sub(dials[i])
				assert.GreaterOrEqual(t, apart, time.Second)
				assert.LessOrEqual(t, apart, time.Second+400*time.Millisecond)
			}
		})
	}
}

func TestACallIsAttemptedTenTimesWhateverTheEnvironmentSays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dials := 0
		cfg := mute(func() { dials++ })
		cfg.RetryMaxAttempts = 2
		tuned := awsconfig.Tune(cfg, awsconfig.Options{})
		assert.Zero(t, tuned.RetryMaxAttempts)
		_, err := newDynamoDB(tuned).GetItem(t.Context(), getItem())
		require.Error(t, err)
		assert.Equal(t, 10, dials)
	})
}

func TestRetriesEndWithTheCallersDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		start := time.Now()
		_, err := newDynamoDB(awsconfig.Tune(mute(func() {}), awsconfig.Options{})).GetItem(ctx, getItem())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 1500*time.Millisecond, time.Since(start))
		time.Sleep(time.Second) // net/http goes on dialing
	})
}

func TestTheLaterAttemptTimeoutCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ends := func(cfg aws.Config) time.Duration {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://192.0.2.1", http.NoBody)
			require.NoError(t, err)
			start := time.Now()
			res, err := cfg.HTTPClient.Do(req)
			if err == nil {
				_ = res.Body.Close()
			}
			require.Error(t, err)
			return time.Since(start)
		}
		once := awsconfig.Tune(mute(func() {}), awsconfig.Options{AttemptTimeout: 300 * time.Millisecond})
		assert.Equal(t, 300*time.Millisecond, ends(once))
		twice := awsconfig.Tune(once, awsconfig.Options{AttemptTimeout: 200 * time.Millisecond})
		assert.Equal(t, 200*time.Millisecond, ends(twice))
		assert.Equal(t, time.Second, ends(awsconfig.Tune(twice, awsconfig.Options{})), "the dial's limit")
		assert.Equal(t, 300*time.Millisecond, ends(once), "which is not changed")
		time.Sleep(time.Second) // net/http goes on dialing
	})
}

func TestOtherHTTPClientsAndRetryersStay(t *testing.T) {
	t.Parallel()
	own, retryer := &http.Client{}, aws.NopRetryer{}
	cfg := awsconfig.Tune(aws.Config{
		HTTPClient: own, Retryer: func() aws.Retryer { return retryer },
	}, awsconfig.Options{AttemptTimeout: time.Second})
	assert.Same(t, own, cfg.HTTPClient)
	assert.Equal(t, retryer, cfg.Retryer())
}

func TestTheDialFunctionsOfABuildableClientStay(t *testing.T) {
	t.Parallel()
	errDialed := errors.New("this dial")
	dial := func(string, string) (net.Conn, error) { return nil, errDialed }
	dialContext := func(context.Context, string, string) (net.Conn, error) { return nil, errDialed }
	for name, option := range map[string]func(tr *http.Transport){
		"DialContext":    func(tr *http.Transport) { tr.DialContext = dialContext },
		"DialTLSContext": func(tr *http.Transport) { tr.DialTLSContext = dialContext },
		//lint:ignore SA1019 deprecated, not gone
		"Dial": func(tr *http.Transport) { tr.DialContext, tr.Dial = nil, dial }, //nolint:staticcheck // the same
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := awsconfig.Tune(aws.Config{
				HTTPClient: sdkhttp.NewBuildableClient().WithTransportOptions(option),
			}, awsconfig.Options{AttemptTimeout: time.Second})
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://192.0.2.1", http.NoBody)
			require.NoError(t, err)
			res, err := cfg.HTTPClient.Do(req)
			if err == nil {
				_ = res.Body.Close()
			}
			require.ErrorIs(t, err, errDialed)
		})
	}
}

func TestTheTLSSettingsOfABuildableClientStay(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	trusting := sdkhttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
		tr.TLSClientConfig.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	})
	cfg := awsconfig.Tune(aws.Config{HTTPClient: trusting}, awsconfig.Options{})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
	require.NoError(t, err)
	res, err := cfg.HTTPClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
}

func getItem() *dynamodb.GetItemInput {
	return &dynamodb.GetItemInput{
		TableName: aws.String("t"),
		Key:       map[string]types.AttributeValue{"PK": &types.AttributeValueMemberS{Value: "ada"}},
	}
}
