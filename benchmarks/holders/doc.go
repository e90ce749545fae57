// Package holders compares ways to open a value once and share it: the standard library, popular
// modules, and lazyclient.Holder.
//
// Outcomes runs the hard cases (a storm of failures, a first caller who is canceled, a panic, a
// Goexit, an invalidation during an open), each contender and case in a process of its own, since
// some of them end the process or hang. The benchmarks measure what a warm read, a cold stampede
// and a storm of failures cost:
//
//	go test -v -run TestHardCases ./holders
//	go test -run '^$' -bench . -cpu 1,2,8 ./holders
package holders
