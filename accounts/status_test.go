package accounts_test

import (
	"context"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/accounts"
)

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
