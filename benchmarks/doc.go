// Package benchmarks is the root of a module of its own, which sets the packages of warmclient
// beside what else one would use: holders, secrettimes, tabletimes and readaside. Package coldstart
// starts whole functions, and package growth adds callers. Their tests print what each contender
// does in the hard cases, their benchmarks what it costs. The peers are requirements of this module
// only.
//
// All of it in one run, from the root of the repository, as tables and pictures:
//
//	go run ./benchmarks/report
package benchmarks
