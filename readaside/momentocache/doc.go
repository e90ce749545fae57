// Package momentocache implements readaside.Cache with Momento Serverless Cache, and opens its
// client.
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
// Serverless Cache uses gRPC. Momento Cache (Cluster and Flex) uses RESP: for that product, use
// package valkeycache, which is a separate module.
//
// The first call fetches the key and dials, unless client.Warm did so earlier. While the client is
// being opened or the open fails, reads load from the database.
//
// # API keys
//
// The Source returns the key as plain text or as a member of a JSON object. Momento now issues v2
// keys, which do not contain an endpoint: set Opener.Endpoint to the endpoint of the region. A v1
// key contains its endpoint. See [Opener].
//
// # Rotation
//
// The service refuses calls with a revoked key. If the holder's Stale is IsStale, the holder then
// fetches the secret again and opens a client with the new key. The old client is closed after its
// last call has ended. No request fails during the replacement; see [Cache].
//
// # Consistency
//
// By default, Momento may answer a read from a replica that lags by a fraction of a second, so a
// read may miss a write that has just returned. Opener.ConsistentReads prevents this. Momento
// counts a consistent read as six operations.
//
// # Secrets
//
// No error, log line or format verb shows an API key or a part of it. The key, and any text that
// looks like a key, is removed from the texts of the service and the SDK. If the service refuses
// the key, the error keeps only the code of the answer.
//
// # Freezing
//
// A Lambda process is frozen between requests, so gRPC keep-alives are off: they would close a
// working connection because the process was frozen when the answer was due. A connection that died
// during a freeze is detected when it is used; see [Cache].
package momentocache
