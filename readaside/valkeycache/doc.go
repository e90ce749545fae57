// Package valkeycache implements readaside.Cache with Valkey or Redis, and opens its client.
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
// The first call fetches the password and dials, unless client.Warm did so earlier. While the
// client is being opened or the open fails, reads load from the database.
//
// # Servers
//
// The package supports Valkey and Redis with cluster mode disabled, ElastiCache Serverless, and
// Momento Cache (Cluster and Flex). For Momento Cache, Opener.Username is the name of the database
// and the password is an API key. The package does not support cluster mode: if the server answers
// MOVED, the error says so. It does not support Momento's RESP access to Serverless Cache, which
// does not allow scripts; use package momentocache for that product. The address must be that of a
// primary.
//
// The package sends AUTH, HELLO, GET, SET, DEL and EVAL, and PING before it closes a connection.
//
// # Passwords
//
// The password is fetched for each connection. After a rotation, the new password is used as soon
// as the server closes the connections of the old password or refuses it. No request fails during
// the replacement; see [Cache]. No error, log line or format verb shows the password or a part of
// it.
//
// [ElastiCacheIAM] signs a token for each connection. ElastiCache closes such a connection after 12
// hours. A holder with a shorter MaxAge replaces it earlier.
//
// # Connections
//
// A client has one connection, on which calls are pipelined. AlwaysPipelining is on, because with
// valkey-go's default a single call ignores its cancellation while it waits for the answer, and
// closes the connection if it exceeds its deadline. It makes a single call slower by some
// microseconds; BenchmarkHit measures it. Keep-alives are off, because a Lambda process is frozen
// between requests. A connection that died during a freeze is detected when it is used; see
// [Cache].
//
// # Eviction
//
// Any policy is safe, because every entry expires and an evicted entry is a miss. With noeviction,
// a full server refuses writes (OOM), and nothing new is cached. volatile-ttl evicts the entries
// that expire first, which are leases and fences: a reader whose lease was evicted does not fill,
// and a write whose fence was evicted deletes the entry instead of replacing it. This causes
// additional loads. The section "What remains" of package readaside describes the effect of an
// evicted fence. allkeys-lru and volatile-lru, the default of ElastiCache, keep recently written
// entries.
package valkeycache
