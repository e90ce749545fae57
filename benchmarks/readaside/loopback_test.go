package readaside_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/momentohq/client-sdk-go/momento"
	"github.com/momentohq/client-sdk-go/responses"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/lazyclient"
	"github.com/warmclient/warmclient/readaside"
	"github.com/warmclient/warmclient/readaside/momentocache"
	"github.com/warmclient/warmclient/readaside/momentocache/momentotest"
	"github.com/warmclient/warmclient/secrets"
)

// BenchmarkLoopbackHit reads a user whom a Momento server on loopback holds: by the SDK's own call,
// which gets the bytes and no more, and by GetUser. Both take turns, so that whatever else the
// machine does strikes both; x-sdk is the ratio of the medians.
func BenchmarkLoopbackHit(b *testing.B) {
	_, client, cache := connect(b)
	service, err := accounts.New(writeOnly{}, "accounts", accounts.Options{
		Cache:        cache,
		CacheTimeout: time.Second, // a late hit would be a load, which fails here
	})
	require.NoError(b, err)
	user, err := service.CreateUser(b.Context(), accounts.User{Username: "ann", FirstName: "Ann-Sophie", LastName: "Lee-Winter"})
	require.NoError(b, err)
	ctx, cancel := context.WithTimeout(b.Context(), time.Hour) // a request has a deadline
	defer cancel()
	bare := func() error {
		resp, err := client.Get(ctx, &momento.GetRequest{CacheName: "accounts", Key: momento.String("8:accounts/4:user/ann")})
		if _, ok := resp.(*responses.GetHit); !ok && err == nil {
			b.Fatalf("got a %T", resp)
		}
		return err
	}
	ours := func() error {
		u, err := service.GetUser(ctx, "ann")
		if u != user && err == nil {
			b.Fatalf("read %v", u)
		}
		return err
	}

	var sdk, got []time.Duration
	for b.Loop() {
		// Each goes first as often as the other: what comes second finds the caches of the processor
		// warm.
		if len(sdk)%2 == 0 {
			sdk = append(sdk, timed(b, bare))
			got = append(got, timed(b, ours))
		} else {
			got = append(got, timed(b, ours))
			sdk = append(sdk, timed(b, bare))
		}
	}
	b.ReportMetric(float64(median(sdk)), "sdk-ns/op")
	b.ReportMetric(float64(median(got)), "service-ns/op")
	b.ReportMetric(float64(median(got))/float64(median(sdk)), "x-sdk")
}

// connect returns a Momento server on loopback, a client of it, and a cache on it.
func connect(b *testing.B) (*momentotest.Server, momento.CacheClient, readaside.Cache) {
	server := momentotest.NewServer("accounts")
	b.Cleanup(server.Close)
	holder := &lazyclient.Holder[momento.CacheClient]{
		Open: momentocache.Opener{
			Source: secrets.SourceFunc(func(context.Context) (secrets.Document, error) {
				return secrets.Static(server.Key()), nil
			}),
			Endpoint: server.Addr(),
		}.Open,
		Release: momentocache.Release,
	}
	client, err := holder.Get(b.Context())
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, holder.Close(context.Background())) })
	return server, client, &momentocache.Cache{Client: holder, Name: "accounts"}
}

func timed(b *testing.B, call func() error) time.Duration {
	start := time.Now()
	if err := call(); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// writeOnly is a table that nothing is read from.
type writeOnly struct{ accounts.DynamoDB }

func (writeOnly) PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return &dynamodb.PutItemOutput{}, nil
}
