// Package cachetest tests implementations of readaside.Cache, and has one in memory for tests.
//
//	func TestCache(t *testing.T) {
//		newCache := func(t *testing.T) readaside.Cache { return mycache.Open(t.Context(), address) }
//		cachetest.Run(t, newCache)
//		cachetest.RunProtocol(t, newCache)
//	}
//
// # Run
//
// Run is the conformance suite: what a call stores and returns, times to live, the two conditions
// under concurrency, keys and values of arbitrary bytes, and contexts that have ended. It runs in
// real time, in a few seconds, against real servers too. Load slows it down and does not make it
// fail. Its keys begin with a random prefix, so that several runs may share a server. They expire
// within an hour. A server that evicts entries while the suite runs fails it.
//
// # RunProtocol
//
// RunProtocol drives the Stores of package readaside over the cache, with calls that are delayed,
// reordered and lost. It finds what breaks the promise of that package, such as a condition that is
// not atomic. An adapter passes both.
//
// # Memory
//
// Memory is a cache in memory for the tests of services that use package readaside. It takes its
// time from package time, and so works within a bubble of testing/synctest.
package cachetest
