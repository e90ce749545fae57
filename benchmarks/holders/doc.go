// Package holders compares ways to open a value once and share it: the standard library, popular
// modules, and lazyclient.Holder.
//
// Outcomes runs the hard cases: concurrent failures, a canceled first caller, a panic, a Goexit,
// and an invalidation during an open. Each contender runs each case in a separate process, because
// some of them end the process or hang. The benchmarks measure the costs of a warm read, a cold
// stampede and a storm of failures:
//
//	go test -v -run TestHardCases ./holders
//	go test -run '^$' -bench . -cpu 1,2,8 ./holders
package holders
