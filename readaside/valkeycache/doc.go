// Package valkeycache is a readaside.Cache on Valkey or Redis, and opens the client for it.
//
//	client := &lazyclient.Holder[valkey.Client]{
//		Name: "valkey",
//		Open: valkeycache.Opener{
//			Address: "accounts.abc123.ng.0001.use1.cache.amazonaws.com:6379",
//			Source:  secrets.SecretsManager{API: secrets.NewClient(cfg), ID: "accounts/valkey"},
//		}.Open,
//		Release: valkeycache.Release,
//		Stale:   valkeycache.IsStale,
//	}
//	cache := &valkeycache.Cache{Client: client}
//	store, err := readaside.NewStore(readaside.Options{Cache: cache, Prefix: "accounts"})
//
// Nothing is fetched or dialed before the first call; client.Warm does it earlier. While the client
// is being opened, or cannot be, reads go to the database.
//
// # Servers
//
// Served are Valkey and Redis with cluster mode disabled, ElastiCache Serverless, and Momento Cache
// (Cluster and Flex), where Opener.Username is the name of the database and the password an API
// key. An endpoint in cluster mode is not served: its answer MOVED is an error that says so. Nor is
// Momento's RESP access to Serverless Cache, which allows no script: that product has package
// momentocache. The address must lead to a primary.
//
// Sent are AUTH, HELLO, GET, SET, DEL and EVAL, and PING before a connection is closed.
//
// # Passwords
//
// The password is fetched for each connection, so one that was rotated is found as soon as the
// server closes the connections of the old one, or refuses them. No request fails meanwhile: see
// [Cache]. No error, log line or format verb shows the password or a piece of it.
//
// [ElastiCacheIAM] signs a token for each connection. ElastiCache closes such a connection after 12
// hours: a holder with a MaxAge below that replaces it before.
//
// # Connections
//
// A client has one connection, over which calls are pipelined. AlwaysPipelining is on, since with
// valkey-go's default a call that runs alone waits for its answer whatever its context. Over
// loopback a GET takes 27µs with it and 18µs without; a hit through Cache costs 2% more than that
// GET. Between requests a Lambda process is frozen, so there are no keep-alives. A connection that
// died meanwhile is detected by its use: see [Cache].
//
// # Eviction
//
// Any policy is safe, since every entry expires and an evicted one is a miss. With noeviction, a
// full server refuses writes (OOM), and nothing is cached any more. volatile-ttl evicts what
// expires first, which are leases and fences: a reader whose lease is gone does not fill, and a
// write whose fence is gone deletes the entry in place of replacing it. That costs loads. What an
// evicted fence may let through is in the documentation of package readaside, under "What remains".
// allkeys-lru and volatile-lru, the default of ElastiCache, keep what was just written.
package valkeycache
