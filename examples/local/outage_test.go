package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/momentohq/client-sdk-go/momento"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/examples/app"
	"github.com/warmclient/warmclient/examples/internal/emulator"
	"github.com/warmclient/warmclient/lazyclient"
	"github.com/warmclient/warmclient/readaside/momentocache"
	"github.com/warmclient/warmclient/secrets"
)

func TestServiceStartsWithoutMomentoServesFromDynamoDBAndUsesTheCacheLater(t *testing.T) {
	for name, outage := range map[string]func(*service) (heal func()){
		"momento refuses": func(s *service) func() {
			s.Momento.Inject(emulator.Fault{Action: emulator.Refuse})
			return s.Momento.Heal
		},
		"momento hangs": func(s *service) func() {
			s.Momento.Inject(emulator.Fault{Action: emulator.Hang})
			return s.Momento.Heal
		},
		"secrets manager fails": func(s *service) func() {
			s.SecretsManager.Inject(emulator.Fault{Action: emulator.Fail, Status: 500})
			return s.SecretsManager.Heal
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := startService(t)
			heal := outage(s)
			start := time.Now()
			err := app.Warm(t.Context())
			assert.Less(t, time.Since(start), 5*time.Second, "the start does not wait for a cache that hangs")
			assert.Equal(t, name != "momento hangs", err != nil, "what has failed is returned: %v", err)

			s.createUsers(t, "ada")
			for range 5 {
				got := s.send(t, get("/users/ada"))
				assert.Equal(t, http.StatusOK, got.status)
				assert.Contains(t, []string{fromFailed, fromSkipped}, got.from)
				assert.Less(t, got.took, 2*time.Second)
			}
			heal()
			s.eventually(t, get("/users/ada"), fromHit)
		})
	}
}

func TestServiceWithoutACacheNameUsesDynamoDBAlone(t *testing.T) {
	s := startService(t)
	t.Setenv("CACHE_NAME", "")
	s.warm(t)
	s.createUsers(t, "ada")
	got := s.send(t, get("/users/ada"))
	assert.Equal(t, http.StatusOK, got.status)
	assert.Equal(t, fromTable, got.from)
	assert.Zero(t, s.secretReads())
	assert.Zero(t, s.Momento.Requests(""))
}

func TestMissingTableNameIsAFailureThatTheLogExplains(t *testing.T) {
	s := startService(t)
	t.Setenv("TABLE_NAME", "")
	got := s.send(t, get("/users/ada"))
	assert.Equal(t, http.StatusInternalServerError, got.status)
	assert.Contains(t, s.log.String(), "TABLE_NAME is not set")
}

func TestLaterTableIsUsedByTheNextRequest(t *testing.T) {
	s := startService(t)
	s.DynamoDB.Inject(emulator.Fault{Action: emulator.Refuse})
	require.Error(t, app.Warm(t.Context()))
	// On a busy machine the load is abandoned before it has told that there was no connection.
	assert.Contains(t, []int{http.StatusServiceUnavailable, http.StatusGatewayTimeout}, s.send(t, get("/users/ada")).status)
	s.DynamoDB.Heal()
	assert.Equal(t, http.StatusNotFound, s.send(t, get("/users/ada")).status)
}

// Two services are two processes of one function: each coalesces its own reads only, so whatever is
// stale in the cache they share would show.
func TestTwoServicesThatShareACacheLeaveNoStaleEntry(t *testing.T) {
	stack, err := emulator.Start(emulator.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stack.Close()) })
	services := [2]*accounts.Service{newProcess(t, stack), newProcess(t, stack)}

	const users = 40
	var wg sync.WaitGroup
	for n := range users {
		name := fmt.Sprintf("user%d", n)
		start := make(chan struct{})
		for reader := range 6 {
			wg.Go(func() {
				<-start
				for range 3 {
					_, err := services[reader%2].GetUser(t.Context(), name)
					if err != nil {
						assert.ErrorIs(t, err, accounts.NotFound)
					}
				}
			})
		}
		wg.Go(func() {
			<-start
			_, err := services[n%2].CreateUser(t.Context(), accounts.User{Username: name})
			assert.NoError(t, err)
			for _, s := range services {
				_, err := s.GetUser(t.Context(), name)
				assert.NoError(t, err, "a read after the write, of %s", name)
			}
		})
		close(start)
		if n%4 == 3 {
			wg.Wait()
		}
	}
	wg.Wait()
	for n := range users {
		for _, s := range services {
			_, err := s.GetUser(t.Context(), fmt.Sprintf("user%d", n))
			assert.NoError(t, err)
		}
	}
}

// newProcess wires a service as another process would have it, with more patience for the cache:
// the entries are what is tested, and a machine under load may be late.
func newProcess(t *testing.T, stack *emulator.Stack) *accounts.Service {
	t.Helper()
	cfg := func(url string) aws.Config {
		return aws.Config{
			Region:       emulator.Region,
			Credentials:  credentials.NewStaticCredentialsProvider("k", "s", ""),
			BaseEndpoint: aws.String(url),
		}
	}
	client := &lazyclient.Holder[momento.CacheClient]{
		Open: momentocache.Opener{
			Source:   secrets.SecretsManager{API: secrets.NewClient(cfg(stack.SecretsManager.URL)), ID: "accounts/MomentoAuthToken"},
			Key:      "MOMENTO_AUTH_TOKEN",
			Endpoint: stack.Momento.Addr(),
		}.Open,
		Release: momentocache.Release,
		Stale:   momentocache.IsAuthError,
	}
	t.Cleanup(func() { _ = client.Close(context.Background()) }) // a busy machine may take longer than Release waits
	service, err := accounts.New(accounts.NewDynamoDBClient(cfg(stack.DynamoDB.URL())), "accounts", accounts.Options{
		Cache:        &momentocache.Cache{Client: client, Name: "accounts"},
		CacheTimeout: 5 * time.Second,
		LoadTimeout:  5 * time.Second,
		NegativeTTL:  time.Minute, // a stale not-found result would stay
	})
	require.NoError(t, err)
	return service
}
