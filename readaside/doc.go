// Package readaside puts a cache in front of a database, for entities that are created, updated and
// deleted. A failure of the cache never fails a request, and no read returns a value older than a
// write that had finished before it, but for the cases under "What remains".
//
//	store, err := readaside.NewStore(readaside.Options{Cache: cache, Prefix: "shop"})
//	products, err := readaside.NewReader(store, readaside.Entity[string, Product]{
//		Name: "product",
//		Load: func(ctx context.Context, id string) (Product, bool, error) { return table.load(ctx, id) },
//	})
//
//	product, found, err := products.Get(ctx, "tea")
//	err = store.Write(ctx, func(ctx context.Context) error { return table.put(ctx, p) },
//		products.ChangedTo(p.ID, p))
//
// Package momentocache has a [Cache] on Momento, valkeycache one on Valkey and Redis, and cachetest
// one for tests. Wrap a client that ignores its context with [Detach].
//
// # Protocol
//
// A Get that misses stores a lease, loads, and replaces the lease by what it loaded, in one
// compare-and-set. A Write stores a fence on each key, changes the database, and then replaces its
// own fence by the new value ([Reader.ChangedTo]) or deletes the key ([Reader.Changed]). A reader
// that meets a fence or another's lease loads and does not fill. So a reader that was slow, or
// whose process was frozen in between, finds its lease gone and fills nothing.
//
// A miss costs Get, SetIfAbsent and SetIfEqual at the cache, and one load. A write costs two round
// trips, three where a ChangedTo has lost its fence. During an outage each of its two steps may
// cost CacheTimeout, the second even while the circuit breaker is open.
//
// A Write whose function returns [Unchanged] lifts its fence. After any other error the write may
// have taken effect, or may still, so the fence is stored again. A second step that the cache has
// not acknowledged is repeated by the next calls of the Store, and until then the Store does not
// use the cache for that key.
//
// # Time
//
//	request     |--------------------------------------------------------------|
//	half of it  |------------------------------|  what the cache may take at most
//	cache       |----|                            CacheTimeout: Get, lease and fill together
//	load             |-------------------|        LoadTimeout, shared by callers
//
// Reads and writes have a circuit breaker each: three failures in a row open it for one second.
//
// # What remains
//
// Within an entry's TTL a read may return a value older than a finished write
//
//   - if both cache calls of a write were lost, until its process runs again and repeats the
//     second, or for good if 1,024 other keys were waiting for that;
//   - if the second was lost, or the process died, and the fence was evicted, has expired, or was
//     deleted by a late call of an earlier write;
//   - if two writes of one key overlap, and one of them loses its second call or its process;
//   - if a write of unknown outcome takes effect after another writer deleted its fence, or the
//     cache evicted it;
//   - if the cache loses acknowledged writes in a failover, or answers from a replica that lags;
//   - if something writes to the database without [Store.Write] and does not call
//     [Store.Invalidate].
package readaside
