// Package readaside compares ways to read through a cache: the usual few lines, go-redis/cache,
// sturdyc, and accounts.Service, all over one and the same cache in memory and one and the same
// table.
//
// Coalescing observes callers who miss together, Outages how a request with a deadline fares while
// the cache is at fault. The benchmarks measure what a hit costs above the cache itself, in memory
// and over loopback gRPC, and what hits, misses and writes cost with leases and fences and without
// them:
//
//	go test -v ./readaside
//	go test -run '^$' -bench . ./readaside
package readaside
