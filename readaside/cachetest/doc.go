// Package cachetest tests implementations of readaside.Cache, and provides an in-memory
// implementation for tests.
//
//	func TestCache(t *testing.T) {
//		newCache := func(t *testing.T) readaside.Cache { return mycache.Open(t.Context(), address) }
//		cachetest.Run(t, newCache)
//		cachetest.RunProtocol(t, newCache)
//	}
//
// # Run
//
// Run is the conformance suite. It checks what each call stores and returns, times to live, the two
// conditional stores under concurrency, keys and values of arbitrary bytes, and contexts that are
// done. It runs in real time and takes a few seconds. It also runs against real servers. Load on
// the machine slows the suite down but does not make it fail. The keys begin with a random prefix,
// so that several runs may share a server. They expire within an hour. The suite fails if the
// server evicts entries while it runs.
//
// # RunProtocol
//
// RunProtocol uses the Stores of package readaside with the cache, and delays, reorders and drops
// calls. It detects faults that break the guarantees of that package, such as a conditional store
// that is not atomic. An adapter must pass both suites.
//
// # Memory
//
// Memory is an in-memory cache for tests of services that use package readaside. It uses package
// time, and so works in a bubble of testing/synctest.
package cachetest
