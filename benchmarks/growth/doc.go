// Package growth measures what becomes of costs as callers become more: those of
// a warm read, from one goroutine to a thousand, and those of the whole service of
// the examples, from one client to sixty-four.
//
//	go test -run '^$' -bench . ./growth
package growth
