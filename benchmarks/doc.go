// Package benchmarks is the root of a separate module that compares the packages of warmclient with
// alternatives: packages holders, secrettimes, tabletimes and readaside. Package coldstart starts
// whole functions, package growth increases the number of clients, and package fleet simulates many
// processes. The tests print the results of each contender in the hard cases, and the benchmarks
// measure the costs. Only this module requires the peers.
//
// To run everything and to write tables and plots, run in the root of the repository:
//
//	go run ./benchmarks/report
package benchmarks
