package app_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/momentohq/client-sdk-go/momento"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/examples/app"
	"github.com/warmclient/warmclient/readaside/momentocache"
)

// slowTable is a table without an item that answers after a while.
type slowTable struct {
	accounts.DynamoDB
	delay time.Duration
}

func (f slowTable) GetItem(ctx context.Context, _ *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	select {
	case <-time.After(f.delay):
		return &dynamodb.GetItemOutput{}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type idleCache struct{ momento.CacheClient }

func (idleCache) Close() {}

// fakeClients puts a table, and a cache that opens once it is released, in place of the real
// clients until the test ends. It is called in a bubble of synctest.
func fakeClients(t *testing.T, table func(ctx context.Context) (accounts.DynamoDB, error)) (release func(), opens *atomic.Int32) {
	t.Helper()
	released := make(chan struct{})
	opens = new(atomic.Int32)
	openMomento, openAccounts := app.Momento.Open, app.Accounts.Open
	app.Momento.Reset()
	app.Accounts.Reset()
	app.Momento.Open = func(ctx context.Context) (momento.CacheClient, error) {
		opens.Add(1)
		select {
		case <-released:
			return idleCache{}, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	app.Accounts.Open = func(ctx context.Context) (*accounts.Service, error) {
		db, err := table(ctx)
		if err != nil {
			return nil, err
		}
		return accounts.New(db, "accounts", accounts.Options{Cache: &momentocache.Cache{Client: &app.Momento, Name: "accounts"}})
	}
	t.Cleanup(func() {
		app.Momento.Reset()
		app.Accounts.Reset()
		synctest.Wait()
		app.Momento.Open, app.Accounts.Open = openMomento, openAccounts
	})
	return func() { close(released) }, opens
}

func TestStartWaitsForDynamoDBAndThenALittleForTheCacheWhichGoesOnOpening(t *testing.T) {
	t.Setenv("CACHE_NAME", "accounts")
	for kind, wait := range map[string]time.Duration{
		"on-demand": 250 * time.Millisecond, "": 250 * time.Millisecond, "provisioned-concurrency": 2 * time.Second,
	} {
		t.Run(kind, func(t *testing.T) {
			t.Setenv("AWS_LAMBDA_INITIALIZATION_TYPE", kind)
			synctest.Test(t, func(t *testing.T) {
				const answer = 300 * time.Millisecond // of DynamoDB
				release, opens := fakeClients(t, func(context.Context) (accounts.DynamoDB, error) { return slowTable{delay: answer}, nil })
				start := time.Now()
				require.NoError(t, app.Warm(t.Context()))
				assert.Equal(t, answer+wait, time.Since(start))

				// The first read does not wait for it.
				start = time.Now()
				f := app.New("GET /users/{username}", app.With(&app.Accounts, getUser))
				assert.Equal(t, 404, invoke(t, f, functionURL("GET", "/users/ada")).StatusCode)
				assert.Equal(t, answer, time.Since(start), "DynamoDB's answer")

				release()
				synctest.Wait()
				_, err := app.Momento.Get(t.Context())
				require.NoError(t, err)
				assert.EqualValues(t, 1, opens.Load(), "the open of the start")
			})
		})
	}
}

func TestStartWaitsNoLongerThanTheCacheTakes(t *testing.T) {
	t.Setenv("CACHE_NAME", "accounts")
	synctest.Test(t, func(t *testing.T) {
		release, _ := fakeClients(t, func(context.Context) (accounts.DynamoDB, error) { return slowTable{delay: 100 * time.Millisecond}, nil })
		time.AfterFunc(150*time.Millisecond, release)
		start := time.Now()
		require.NoError(t, app.Warm(t.Context()))
		assert.Equal(t, 150*time.Millisecond, time.Since(start))
	})
}

func TestStartWaitsForDynamoDBForTwoSeconds(t *testing.T) {
	t.Setenv("CACHE_NAME", "")
	synctest.Test(t, func(t *testing.T) {
		_, opens := fakeClients(t, func(ctx context.Context) (accounts.DynamoDB, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		start := time.Now()
		require.ErrorIs(t, app.Warm(t.Context()), context.DeadlineExceeded)
		assert.Equal(t, 2*time.Second, time.Since(start))
		assert.Zero(t, opens.Load(), "without CACHE_NAME there is no cache to open")
	})
}
