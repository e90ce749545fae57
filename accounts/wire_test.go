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
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
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

func TestTheLastAnswerDecidesAboutTheStatus(t *testing.T) {
	t.Parallel()
	always := func(r reply) func(context.Context) reply { return func(context.Context) reply { return r } }
	mute := func(ctx context.Context) reply { <-ctx.Done(); return good }
	for name, test := range map[string]struct {
		answers []func(context.Context) reply // the last for ever
		status  int
		text    string
	}{
		"throttling":                         {[]func(context.Context) reply{always(throttling)}, 503, "ThrottlingException"},
		"no capacity":                        {[]func(context.Context) reply{always(refusal(400, "ProvisionedThroughputExceededException"))}, 503, "ProvisionedThroughputExceeded"},
		"an internal error":                  {[]func(context.Context) reply{always(refusal(500, "InternalServerError"))}, 503, "InternalServerError"},
		"a status without a code":            {[]func(context.Context) reply{always(reply{503, "<html>"})}, 503, "StatusCode: 503"},
		"too many requests":                  {[]func(context.Context) reply{always(reply{429, ""})}, 503, "StatusCode: 429"},
		"a missing table":                    {[]func(context.Context) reply{always(refusal(400, "ResourceNotFoundException"))}, 500, "ResourceNotFoundException"},
		"no permission":                      {[]func(context.Context) reply{always(refusal(400, "AccessDeniedException"))}, 500, "AccessDeniedException"},
		"a bad request":                      {[]func(context.Context) reply{always(refusal(400, "ValidationException"))}, 500, "ValidationException"},
		"no answer":                          {[]func(context.Context) reply{mute}, 504, "no answer from 192.0.2.1 within %s (waiting for the answer)"},
		"throttling, and no answer after it": {[]func(context.Context) reply{always(throttling), mute}, 503, "within %s (waiting for the answer): the last attempt: "},
		"no answer, and throttling after it": {[]func(context.Context) reply{mute, always(throttling)}, 503, "ThrottlingException"},
	} {
		for call, do := range map[string]func(s *accounts.Service, ctx context.Context) error{
			"read": func(s *accounts.Service, ctx context.Context) error { _, err := s.GetUser(ctx, "ann"); return err },
			"write": func(s *accounts.Service, ctx context.Context) error {
				_, err := s.CreateUser(ctx, accounts.User{Username: "ann"})
				return err
			},
			"ping": func(s *accounts.Service, ctx context.Context) error { return s.Ping(ctx) },
		} {
			t.Run(call+": "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var mu sync.Mutex
					answers := test.answers
					client := wire(t, func(ctx context.Context, _ request) reply {
						mu.Lock()
						answer := answers[0]
						answers = answers[min(1, len(answers)-1):]
						mu.Unlock()
						return answer(ctx)
					})
					err := do(newService(t, client, accounts.Options{}), t.Context())
					require.Error(t, err)
					assert.Equal(t, test.status, accounts.HTTPStatus(err), err)
					limit := "1s"
					if call == "write" {
						limit = "3s"
					}
					assert.ErrorContains(t, err, strings.ReplaceAll(test.text, "%s", limit))
				})
			})
		}
	}
}

func TestAConnectionThatIsRefusedIs503AndOneThatIsNotAnsweredIs504(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		dial   func(ctx context.Context, network, addr string) (net.Conn, error)
		status int
		text   string
	}{
		"refused": {func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
		}, 503, "connection refused"},
		"not answered": {func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, 504, "no answer from 192.0.2.1 within 1s (connecting)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newService(t, dialing(t, test.dial), accounts.Options{})
				_, err := s.GetUser(t.Context(), "ann")
				assert.Equal(t, test.status, accounts.HTTPStatus(err), err)
				require.ErrorContains(t, err, test.text)
			})
		})
	}
}

func TestCredentialsThatDoNotComeAreNamed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := config("http://192.0.2.1")
		cfg.Credentials = aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
			<-ctx.Done()
			return aws.Credentials{}, ctx.Err()
		})
		err := newService(t, accounts.NewDynamoDBClient(cfg), accounts.Options{}).Ping(t.Context())
		require.ErrorContains(t, err, `accounts: ping table "accounts": `)
		require.ErrorContains(t, err, "no AWS credentials within 1s")
		assert.Equal(t, 504, accounts.HTTPStatus(err))
	})
}

func TestAReadThatEndsByItsCallersDeadlineIs504WhateverItsLoadMet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, wire(t, func(context.Context, request) reply { return throttling }), accounts.Options{})
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := s.GetUser(ctx, "ann")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 504, accounts.HTTPStatus(err))

		canceled, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = s.GetUser(canceled, "ann")
		assert.Equal(t, 500, accounts.HTTPStatus(err))
		time.Sleep(time.Second) // the load goes on
	})
}

func TestAWriteKeepsTheLastAnswerOfAnEarlierCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first := true
		s := newService(t, wire(t, func(ctx context.Context, r request) reply {
			if first {
				first = false
				return conflicting(len(r.TransactItems)) // which ends a call of the SDK
			}
			<-ctx.Done()
			return good
		}), accounts.Options{})
		_, err := s.CreateOrganization(t.Context(), "acme", "ann")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "(waiting for the answer)")
		assert.Equal(t, 503, accounts.HTTPStatus(err), err)
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

func TestAnAttemptWithoutAnAnswerThatIsNotRetriedIs504(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := wire(t, func(ctx context.Context, _ request) reply { <-ctx.Done(); return good })
		once := dynamodb.New(client.Options(), func(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} })
		err := newService(t, once, accounts.Options{}).Ping(t.Context())
		require.ErrorContains(t, err, "no answer from 192.0.2.1 within the attempt's 400ms")
		assert.Equal(t, 504, accounts.HTTPStatus(err))
	})
}
