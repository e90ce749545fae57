package emulator_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
	"github.com/momentohq/client-sdk-go/momento"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/internal/emulator"
)

// service is one of the servers with a call that its real SDK makes, and the error that the SDK
// turns a fault into.
type service struct {
	name     string
	op       string
	call     func(ctx context.Context) error
	inject   func(...emulator.Fault)
	heal     func()
	requests func(op string) int
	addr     func() string
	close    func() error

	isCanceled, isReset, isRefused, isGarbage func(t *testing.T, err error)
}

func services(t *testing.T) []service {
	t.Helper()
	ddb, ddbClient := startDynamoDB(t)
	sm, smClient := startSecretsManager(t)
	sm.Put(secretID, "text")
	mom, momClient := startMomento(t)
	connects := mom.Requests("") // the Get that opens the client

	isCanceled := func(t *testing.T, err error) {
		t.Helper()
		require.ErrorIs(t, err, context.Canceled)
	}
	isReset := func(t *testing.T, err error) {
		t.Helper()
		require.ErrorIs(t, err, syscall.ECONNRESET)
	}
	// How a refused connection looks depends on how far its client got with it.
	isRefused := func(t *testing.T, err error) {
		t.Helper()
		require.Error(t, err)
		require.True(t, errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.EOF), "%v", err)
	}
	isGarbage := func(t *testing.T, err error) {
		t.Helper()
		var decoding *smithy.DeserializationError
		require.ErrorAs(t, err, &decoding)
	}
	is := func(code string) func(*testing.T, error) {
		return func(t *testing.T, err error) { t.Helper(); requireMomento(t, err, code) }
	}
	return []service{
		{
			name: "DynamoDB", op: "GetItem",
			call: func(ctx context.Context) error {
				_, err := ddbClient.GetItem(ctx, getUser("ada"))
				return err
			},
			inject: ddb.Inject, heal: ddb.Heal, requests: ddb.Requests, addr: ddb.Addr, close: ddb.Close,
			isCanceled: isCanceled, isReset: isReset, isRefused: isRefused, isGarbage: isGarbage,
		},
		{
			name: "SecretsManager", op: "GetSecretValue",
			call: func(ctx context.Context) error {
				_, err := smClient.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(secretID)})
				return err
			},
			inject: sm.Inject, heal: sm.Heal, requests: sm.Requests, close: func() error { sm.Close(); return nil },
			addr:       func() string { return strings.TrimPrefix(sm.URL, "http://") },
			isCanceled: isCanceled, isReset: isReset, isRefused: isRefused, isGarbage: isGarbage,
		},
		{
			name: "Momento", op: "Get",
			call: func(ctx context.Context) error {
				_, err := momClient.Get(ctx, &momento.GetRequest{CacheName: cache, Key: momento.String("k")})
				return err
			},
			inject: mom.Inject, heal: mom.Heal, addr: mom.Addr,
			requests:   func(op string) int { return mom.Requests(op) - connects },
			close:      func() error { mom.Close(); return nil },
			isCanceled: is(momento.CanceledError), isGarbage: is(momento.InternalServerError),
			isReset: is(momento.ServerUnavailableError), isRefused: is(momento.ServerUnavailableError),
		},
	}
}

func eachService(t *testing.T, test func(t *testing.T, s service)) {
	for _, s := range services(t) {
		t.Run(s.name, func(t *testing.T) { test(t, s) })
	}
}

// healthy waits until the server answers again; a gRPC client redials an address that failed only
// after a second or so.
func (s service) healthy(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { return s.call(t.Context()) == nil }, 10*time.Second, 20*time.Millisecond)
}
