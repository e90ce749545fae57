// Package readaside compares ways to read through a cache: hand-written read-aside, go-redis/cache,
// sturdyc, and accounts.Service. All use the same in-memory cache and the same table.
//
// Coalescing measures concurrent misses. Outages measures requests with a deadline during faults of
// the cache. The benchmarks measure the overhead of a hit over the cache itself, in memory and over
// loopback gRPC, and the costs of hits, misses and writes with and without leases and fences:
//
//	go test -v ./readaside
//	go test -run '^$' -bench . ./readaside
package readaside
