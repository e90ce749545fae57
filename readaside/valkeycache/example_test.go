package valkeycache_test

import (
	"context"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/valkey-io/valkey-go"

	"github.com/warmclient/warmclient/lazyclient"
	"github.com/warmclient/warmclient/readaside/valkeycache"
)

func ExampleCache() {
	server, err := miniredis.Run() // a server for tests, in this process
	if err != nil {
		panic(err)
	}
	defer server.Close()

	ctx := context.Background()
	client := &lazyclient.Holder[valkey.Client]{
		Open:    valkeycache.Opener{Address: server.Addr()}.Open,
		Release: valkeycache.Release,
		Stale:   valkeycache.IsStale,
	}
	defer client.Close(ctx)
	cache := &valkeycache.Cache{Client: client}
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

// ElastiCache closes a connection 12 hours after its authentication with IAM. With a shorter
// MaxAge, the holder replaces the connection earlier, so that no call fails.
func ExampleElastiCacheIAM() {
	var cfg aws.Config // as config.LoadDefaultConfig returns it
	client := &lazyclient.Holder[valkey.Client]{
		Name: "valkey",
		Open: valkeycache.Opener{
			Address:     "accounts-abc123.serverless.use1.cache.amazonaws.com:6379",
			Credentials: valkeycache.ElastiCacheIAM(cfg, "accounts-service", "accounts", true),
		}.Open,
		Release: valkeycache.Release,
		Stale:   valkeycache.IsStale,
		MaxAge:  11 * time.Hour,
	}
	fmt.Println(client.MaxAge < 12*time.Hour)
	// Output: true
}

// Open refuses an invalid Address without dialing.
func ExampleOpener_Open() {
	_, err := valkeycache.Opener{Address: "rediss://cache.example.com:6379"}.Open(context.Background())
	fmt.Println(err)
	// Output:
	// valkeycache: Opener.Address "rediss://cache.example.com:6379": a URL: it must be host:port, such as cache.example.com:6379
}
