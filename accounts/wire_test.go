package accounts_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	sdkhttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/internal/testnet"
)

// A reply is an answer of DynamoDB on the wire.
type reply struct {
	status int
	body   string
}

var (
	good       = reply{200, `{}`}
	throttling = refusal(400, "ThrottlingException")
)

func refusal(status int, code string) reply {
	return reply{status, `{"__type":"com.amazonaws.dynamodb.v20120810#` + code + `","message":"so it is"}`}
}

func conflicting(actions int) reply {
	reasons := strings.Repeat(`,{"Code":"None"}`, actions-1)
	return reply{400, `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","message":"canceled",` +
		`"CancellationReasons":[{"Code":"TransactionConflict"}` + reasons + `]}`}
}

// request is what a test needs of a request to DynamoDB.
type request struct {
	Op            string
	Item          map[string]map[string]string
	TransactItems []json.RawMessage
}

// wire returns the client of [accounts.NewDynamoDBClient] for a server in memory.
func wire(t *testing.T, answer func(ctx context.Context, r request) reply) *dynamodb.Client {
	t.Helper()
	pipes := testnet.NewPipes()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		in := request{Op: op}
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.NoError(t, json.Unmarshal(body, &in))
		out := answer(r.Context(), in)
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(out.status)
		_, _ = io.WriteString(w, out.body)
	}))
	_ = server.Listener.Close()
	server.Listener = pipes
	server.Start()
	t.Cleanup(server.Close)
	return dialing(t, pipes.DialContext)
}

// dialing returns the client of [accounts.NewDynamoDBClient] that connects with dial.
func dialing(t *testing.T, dial func(ctx context.Context, network, addr string) (net.Conn, error)) *dynamodb.Client {
	t.Helper()
	cfg := config("http://192.0.2.1")
	cfg.HTTPClient = sdkhttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) { tr.DialContext = dial })
	client := accounts.NewDynamoDBClient(cfg)
	t.Cleanup(func() {
		client.Options().HTTPClient.(interface{ CloseIdleConnections() }).CloseIdleConnections()
		time.Sleep(2 * time.Second) // in a bubble: for dials that net/http goes on with
	})
	return client
}

func TestTwelveWritesSucceedThoughTheTableThrottlesEachFor300Milliseconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		until := map[string]time.Time{}
		s := newService(t, wire(t, func(_ context.Context, r request) reply {
			mu.Lock()
			defer mu.Unlock()
			name := r.Item["username"]["S"]
			if until[name].IsZero() {
				until[name] = time.Now().Add(300 * time.Millisecond)
			}
			if time.Now().Before(until[name]) {
				return throttling
			}
			return good
		}), accounts.Options{})
		var writes sync.WaitGroup
		for i := range 12 {
			writes.Go(func() {
				_, err := s.CreateUser(t.Context(), accounts.User{Username: fmt.Sprint("user", i)})
				assert.NoError(t, err)
			})
		}
		writes.Wait()
	})
}

func TestATableThatTakes450MillisecondsFailsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, wire(t, func(ctx context.Context, r request) reply {
			select {
			case <-time.After(450 * time.Millisecond):
			case <-ctx.Done():
			}
			if r.Op == "GetItem" {
				return reply{200, `{"Item":{"username":{"S":"ann"}}}`}
			}
			return good
		}), accounts.Options{})
		for i := range 5 {
			_, err := s.GetUser(t.Context(), "ann")
			require.NoError(t, err)
			_, err = s.CreateUser(t.Context(), accounts.User{Username: fmt.Sprint("user", i)})
			require.NoError(t, err)
		}
	})
}

// conflictingTable makes transactions that take 12 ms, and cancels one that meets another.
func conflictingTable(t *testing.T) *dynamodb.Client {
	var busy sync.Mutex
	return wire(t, func(_ context.Context, r request) reply {
		if !busy.TryLock() {
			return conflicting(len(r.TransactItems))
		}
		defer busy.Unlock()
		time.Sleep(12 * time.Millisecond)
		return good
	})
}

func addMany(t *testing.T, s *accounts.Service, n int) []error {
	errs := make([]error, n)
	var adds sync.WaitGroup
	for i := range errs {
		adds.Go(func() {
			_, errs[i] = s.AddUserToOrganization(t.Context(),
				accounts.Membership{Organization: "acme", Username: fmt.Sprint("user", i), Role: accounts.Member}, "ann")
		})
	}
	adds.Wait()
	return errs
}

func TestFiftyAdditionsToOneOrganizationThatConflictAllSucceed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		for _, err := range addMany(t, newService(t, conflictingTable(t), accounts.Options{}), 50) {
			require.NoError(t, err)
		}
		assert.Less(t, time.Since(start), 3*time.Second)
	})
}

func TestAdditionsThatConflictUntilWriteTimeoutAre503(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		errs := addMany(t, newService(t, conflictingTable(t), accounts.Options{WriteTimeout: 500 * time.Millisecond}), 60)
		errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
		assert.NotEmpty(t, errs, "60 transactions of 12 ms are more than 500 ms")
		for _, err := range errs {
			require.Equal(t, 503, accounts.HTTPStatus(err), err)
			require.ErrorContains(t, err, "TransactionCanceledException")
		}
	})
}

// The pool has eight connections, and all of them die.
func TestReadsAndWritesSucceedThoughTheirConnectionsDied(t *testing.T) {
	t.Parallel()
	together := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-together
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = io.WriteString(w, `{}`)
	}))
	t.Cleanup(server.Close)
	tun, err := testnet.StartTunnel(server.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(tun.Close)
	s := newService(t, accounts.NewDynamoDBClient(config("http://"+tun.Addr())), accounts.Options{LoadTimeout: 10 * time.Second})
	read := func(name string) {
		_, err := s.GetUser(t.Context(), name)
		assert.ErrorIs(t, err, accounts.NotFound)
	}
	var burst sync.WaitGroup
	for i := range 8 {
		burst.Go(func() { read(fmt.Sprint("user", i)) })
	}
	assert.Eventually(t, func() bool { return tun.Connections() >= 8 }, 10*time.Second, time.Millisecond)
	close(together)
	burst.Wait()

	tun.Forget()
	for i := range 10 {
		read(fmt.Sprint("later", i))
	}
	assert.Equal(t, 1, tun.Lost(), "attempts on dead connections")
	tun.Forget()
	_, err = s.CreateUser(t.Context(), accounts.User{Username: "ann"})
	require.NoError(t, err)
	assert.Equal(t, 2, tun.Lost(), "attempts on dead connections")
}
