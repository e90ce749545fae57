package awshttp_test

import (
	"context"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	sdkhttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/internal/awshttp"
)

func buildable(t *testing.T, client any) *sdkhttp.BuildableClient {
	t.Helper()
	b, ok := client.(*sdkhttp.BuildableClient)
	require.True(t, ok)
	return b
}

func TestLimitConnectBoundsDialAndHandshake(t *testing.T) {
	t.Parallel()
	original := sdkhttp.NewBuildableClient().WithTimeout(time.Minute)
	limited := buildable(t, awshttp.LimitConnect(original))
	assert.Equal(t, time.Second, limited.GetDialer().Timeout)
	assert.Equal(t, time.Second, limited.GetTransport().TLSHandshakeTimeout)
	assert.Equal(t, time.Minute, limited.GetTimeout(), "the rest is kept")
	assert.Equal(t, 30*time.Second, original.GetDialer().Timeout, "the caller's client is not changed")
}

func TestLimitConnectTakesNoLimitForOneSecond(t *testing.T) {
	t.Parallel()
	limited := buildable(t, awshttp.LimitConnect(sdkhttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = 0 }).
		WithTransportOptions(func(t *http.Transport) { t.TLSHandshakeTimeout = 0 })))
	assert.Equal(t, time.Second, limited.GetDialer().Timeout)
	assert.Equal(t, time.Second, limited.GetTransport().TLSHandshakeTimeout)
}

func TestLimitConnectKeepsShorterLimits(t *testing.T) {
	t.Parallel()
	limited := buildable(t, awshttp.LimitConnect(sdkhttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = 200 * time.Millisecond }).
		WithTransportOptions(func(t *http.Transport) { t.TLSHandshakeTimeout = 300 * time.Millisecond })))
	assert.Equal(t, 200*time.Millisecond, limited.GetDialer().Timeout)
	assert.Equal(t, 300*time.Millisecond, limited.GetTransport().TLSHandshakeTimeout)
}

func TestLimitConnectKeepsAndBoundsDialsOfTheUsers(t *testing.T) {
	t.Parallel()
	type dial = func(ctx context.Context, network, addr string) (net.Conn, error)
	for name, of := range map[string]func(tr *http.Transport) *dial{
		"DialContext":    func(tr *http.Transport) *dial { return &tr.DialContext },
		"DialTLSContext": func(tr *http.Transport) *dial { return &tr.DialTLSContext },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				called := false
				limited := buildable(t, awshttp.LimitConnect(sdkhttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
					*of(tr) = func(ctx context.Context, _, _ string) (net.Conn, error) {
						called = true
						<-ctx.Done()
						return nil, ctx.Err()
					}
				})))

				start := time.Now()
				_, err := (*of(limited.GetTransport()))(t.Context(), "tcp", "192.0.2.1:443")

				assert.True(t, called)
				assert.ErrorIs(t, err, context.DeadlineExceeded)
				assert.Equal(t, time.Second, time.Since(start))
			})
		})
	}
}

func TestLimitConnectToleratesATransportWithoutDialContext(t *testing.T) {
	t.Parallel()
	limited := buildable(t, awshttp.LimitConnect(sdkhttp.NewBuildableClient().
		WithTransportOptions(func(t *http.Transport) { t.DialContext = nil })))
	assert.Equal(t, time.Second, limited.GetDialer().Timeout)
}

func TestLimitConnectLeavesOtherClientsAlone(t *testing.T) {
	t.Parallel()
	own := &http.Client{}
	assert.Same(t, own, awshttp.LimitConnect(own))
	assert.Nil(t, awshttp.LimitConnect(nil))
}
