package readaside_test

import (
	"fmt"
	"testing"
)

// A chooser decides what happens next.
type chooser interface {
	step(of int) int
	option(of int) int // 0 is that all goes well
}

// wellBehaved takes the first step, and it goes well.
type wellBehaved struct{}

// An enumeration chooses in all ways, one execution after the other.
type enumeration struct {
	path, of []int
	at       int
}

func (e *enumeration) step(of int) int { return e.choice(of) }

func (e *enumeration) option(of int) int { return e.choice(of) }

func (e *enumeration) choice(of int) int {
	if e.at == len(e.path) {
		e.path, e.of = append(e.path, 0), append(e.of, of)
	}
	if e.of[e.at] != of {
		panic(fmt.Sprintf("choice %d is one of %d and was one of %d: the execution depends on more than choices", e.at, of, e.of[e.at]))
	}
	i := e.path[e.at]
	e.at++
	return i
}

// next turns to the next execution, and reports false after the last.
func (e *enumeration) next() bool {
	e.path, e.of = e.path[:e.at], e.of[:e.at]
	e.at = 0
	for n := len(e.path); n > 0; n-- {
		if e.path[n-1]++; e.path[n-1] < e.of[n-1] {
			e.path, e.of = e.path[:n], e.of[:n]
			return true
		}
	}
	return false
}

// play runs the world to its end and fails the test on a violation.
func (w *world) play(t *testing.T, name ...any) {
	t.Helper()
	w.run()
	w.end()
	if w.wrong != "" {
		t.Fatal(append(name, w.wrong)...)
	}
}
