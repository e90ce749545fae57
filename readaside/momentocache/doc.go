// Package momentocache is a readaside.Cache on Momento Serverless Cache, and opens the client for it.
//
//	client := &lazyclient.Holder[momento.CacheClient]{
//		Name: "momento",
//		Open: momentocache.Opener{
//			Source:   secrets.SecretsManager{API: secrets.NewClient(cfg), ID: "accounts/momento"},
//			Endpoint: "cell-us-east-1-1.prod.a.momentohq.com",
//			Cache:    "accounts",
//		}.Open,
//		Release: momentocache.Release,
//		Stale:   momentocache.IsStale,
//	}
//	cache := &momentocache.Cache{Client: client, Name: "accounts"}
//	store, err := readaside.NewStore(readaside.Options{Cache: cache, Prefix: "accounts"})
//
// Serverless Cache speaks gRPC. Momento Cache (Cluster and Flex) speaks RESP: use package
// valkeycache, a module of its own, for it.
//
// Nothing is fetched or dialed before the first call; client.Warm does it earlier. While the client is
// being opened, or cannot be, reads go to the database.
//
// # API keys
//
// The key comes from the Source, as plain text or as a member of a JSON object. A v2 key, which is
// what Momento issues today, names no endpoint: set Opener.Endpoint to the endpoint of its region. A
// v1 key names its own. See [Opener].
//
// # Rotation
//
// The service refuses calls with a key that was revoked. IsStale, as the holder's Stale, makes the
// holder fetch the secret again and open a client with the new key. Calls on the old client end
// before it is closed. No request fails meanwhile: see [Cache].
//
// # Consistency
//
// By default Momento may answer a read from a replica, which lags by a fraction of a second, so a read
// may miss a write that has just returned. Opener.ConsistentReads prevents that. Momento counts a
// consistent read as six operations.
//
// # Secrets
//
// No error, log line or format verb shows an API key or a piece of it. Texts of the service and of the
// SDK are scrubbed of the key itself and of what looks like one. Of an answer that refuses the key only
// the code is kept.
//
// # Freezing
//
// Between requests a Lambda process is frozen, so gRPC keep-alives are off: they would close a good
// connection because the process did not answer in time. A connection that died meanwhile is detected
// by its use: see [Cache].
package momentocache
