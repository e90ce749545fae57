package awsconfig_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/awsconfig"
	"github.com/warmclient/warmclient/internal/testnet"
)

// table is a fake DynamoDB server.
type table struct {
	*httptest.Server
	requests atomic.Int32

	mu      sync.Mutex
	missing int           // number of requests that the others wait for
	all     chan struct{} // closed when none is missing
}

func startTable(t *testing.T) *table {
	t.Helper()
	s := &table{all: make(chan struct{})}
	close(s.all)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		s.requests.Add(1)
		<-s.arrive()
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = fmt.Fprint(w, `{"Item":{"PK":{"S":"ada"}}}`)
	}))
	t.Cleanup(s.Close)
	return s
}

// hold makes the next n requests wait for each other, so that each uses a separate connection.
func (s *table) hold(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.missing, s.all = n, make(chan struct{})
}

func (s *table) arrive() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.missing--; s.missing == 0 {
		close(s.all)
	}
	return s.all
}

func startTunnel(t *testing.T, s *table) *testnet.Tunnel {
	t.Helper()
	tun, err := testnet.StartTunnel(s.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(tun.Close)
	return tun
}

func configOf(addr string) aws.Config {
	return aws.Config{Region: "us-east-1", BaseEndpoint: aws.String("http://" + addr), Credentials: aws.AnonymousCredentials{}}
}

func TestEightConnectionsThatDiedCostOneAttempt(t *testing.T) {
	t.Parallel()
	s := startTable(t)
	tun := startTunnel(t, s)
	client := newDynamoDB(awsconfig.Tune(configOf(tun.Addr()), awsconfig.Options{AttemptTimeout: 200 * time.Millisecond}))
	s.hold(8)
	var burst sync.WaitGroup
	for range 8 {
		burst.Go(func() {
			_, err := client.GetItem(t.Context(), getItem())
			assert.NoError(t, err)
		})
	}
	burst.Wait()
	require.GreaterOrEqual(t, tun.Connections(), 8)

	tun.Forget()
	for range 10 {
		_, err := client.GetItem(t.Context(), getItem())
		require.NoError(t, err)
	}
	assert.Equal(t, 1, tun.Lost(), "attempts on dead connections")
}

func TestCallsOnDeadConnectionsAtTheSameTimeAllSucceed(t *testing.T) {
	t.Parallel()
	s := startTable(t)
	tun := startTunnel(t, s)
	client := newDynamoDB(awsconfig.Tune(configOf(tun.Addr()), awsconfig.Options{AttemptTimeout: 200 * time.Millisecond}))
	for range 2 {
		s.hold(8)
		var burst sync.WaitGroup
		for range 8 {
			burst.Go(func() {
				_, err := client.GetItem(t.Context(), getItem())
				assert.NoError(t, err)
			})
		}
		burst.Wait()
		tun.Forget()
	}
	assert.GreaterOrEqual(t, s.requests.Load(), int32(16))
}
