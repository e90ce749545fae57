// Package cachetest tests implementations of readaside.Cache, and has one in memory for tests.
//
//	func TestCache(t *testing.T) {
//		cachetest.Run(t, func(t *testing.T) readaside.Cache {
//			return mycache.Open(t.Context(), address)
//		})
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
// # Memory
//
// Memory is a cache in memory for the tests of services that use package readaside. It takes its
// time from package time, and so works within a bubble of testing/synctest.
package cachetest
