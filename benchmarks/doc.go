// Package benchmarks is the root of a module of its own, which sets the packages
// of warmclient beside what else one would use: holders, secrettimes and
// readaside. Their tests print what each contender does in the hard cases, their
// benchmarks what it costs. The peers are requirements of this module only.
package benchmarks
