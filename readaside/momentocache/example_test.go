package momentocache_test

import (
	"context"
	"fmt"
	"time"

	"github.com/momentohq/client-sdk-go/momento"
	"github.com/momentohq/client-sdk-go/responses"

	"github.com/warmclient/warmclient/lazyclient"
	"github.com/warmclient/warmclient/readaside/momentocache"
	"github.com/warmclient/warmclient/secrets"
)

// fakeMomento is a Momento client for tests: two of the calls that Cache makes, on a map.
type fakeMomento struct {
	momento.CacheClient // the other calls panic
	values              map[momento.Key]momento.Value
}

func (f fakeMomento) Get(_ context.Context, r *momento.GetRequest) (responses.GetResponse, error) {
	if value, ok := f.values[r.Key]; ok {
		return responses.NewGetHit([]byte(value.(momento.Bytes))), nil
	}
	return &responses.GetMiss{}, nil
}

func (f fakeMomento) Set(_ context.Context, r *momento.SetRequest) (responses.SetResponse, error) {
	f.values[r.Key] = r.Value
	return &responses.SetSuccess{}, nil
}

// This example uses an open holder with a fake client.
func ExampleCache() {
	ctx := context.Background()
	cache := &momentocache.Cache{
		Client: lazyclient.Of[momento.CacheClient](fakeMomento{values: make(map[momento.Key]momento.Value)}),
		Name:   "accounts",
	}
	if err := cache.Set(ctx, "greeting", []byte("hello"), time.Minute); err != nil {
		fmt.Println(err)
	}
	value, err := cache.Get(ctx, "greeting")
	fmt.Printf("%s %v\n", value, err)
	value, err = cache.Get(ctx, "nothing")
	fmt.Println(value == nil, err)
	// Output:
	// hello <nil>
	// true <nil>
}

// Open refuses an invalid key without dialing.
func ExampleOpener_Open() {
	const expired = "eyJhbGciOiJIUzI1NiJ9.eyJ0IjoiZyIsImV4cCI6MTIzNDU2Nzg5MH0.c2lnbmF0dXJl"
	opener := momentocache.Opener{
		Source: secrets.SourceFunc(func(context.Context) (secrets.Document, error) {
			return secrets.Static(expired), nil
		}),
		Endpoint: "cell-us-east-1-1.prod.a.momentohq.com",
	}
	_, err := opener.Open(context.Background())
	fmt.Println(err)
	// Output:
	// momentocache: API key in secret "static": expired at 2009-02-13T23:31:30Z
}

func ExampleIsStale() {
	holder := &lazyclient.Holder[momento.CacheClient]{
		Open: momentocache.Opener{
			Source:   secrets.Env{Name: "MOMENTO_API_KEY"},
			Endpoint: "cell-us-east-1-1.prod.a.momentohq.com",
		}.Open,
		Release: momentocache.Release,
		Stale:   momentocache.IsStale, // a rotated key and a dead connection open a new client
	}
	refused := momento.NewMomentoError(momento.AuthenticationError, "the key was revoked", nil)
	forbidden := momento.NewMomentoError(momento.PermissionError, "read only", nil)
	fmt.Println(holder.Stale(refused), holder.Stale(forbidden))
	// Output: true false
}
