package readaside_test

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"testing/synctest"
)

var kinds = []kind{
	{name: "update", outcome: "commits"},
	{name: "update to a known value", known: true, outcome: "commits"},
	{name: "delete", deletes: true, outcome: "commits"},
	{name: "refused update", outcome: "refuses"},
	{name: "refused update to a known value", known: true, outcome: "refuses"},
	{name: "update of unknown outcome", outcome: "fails", late: true},
	{name: "update to a known value, of unknown outcome", known: true, outcome: "fails"},
	{name: "update that panics", outcome: "panics"},
}

// visited returns how many calls may go wrong in an exhaustive test, and how many samples the
// others take. The race detector makes each execution several times as long. With two faults, the
// exhaustive test takes a minute.
func visited() (faults, samples int) {
	if raceEnabled {
		return 0, 500
	}
	return 1, 30_000
}

// TestNoInterleavingOfAReaderAndAWriterLeavesAnOldValue visits all interleavings of one reader and
// one writer, in two processes or in one, with all evictions, and with any one call that is lost or
// late, load that fails, or death of the writer. What the package documents under "What remains" is
// left out by the rule of world.commit.
func TestNoInterleavingOfAReaderAndAWriterLeavesAnOldValue(t *testing.T) {
	faults, _ := visited()
	for _, k := range kinds {
		for _, entry := range []string{"nothing", "a value", "garbage"} {
			for _, processes := range []int{1, 2} {
				t.Run(k.name+" over "+entry, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						key, entries := entriesOf(t)
						n := 0
						for e := new(enumeration); ; n++ {
							w := newWorld(e, processes, 0)
							w.put(key, entries[entry])
							w.faults = faults
							w.procs[0].read("reader", 1)
							w.procs[processes-1].write("writer", "", k, 1)
							w.play(t)
							if !e.next() {
								break
							}
						}
						t.Logf("%d processes: %d executions", processes, n+1)
					})
				})
			}
		}
	}
}

// TestNoInterleavingOfTwoWritersLeavesAnOldValue visits all interleavings of two writers in two
// processes, the first of which knows its value, with all evictions, and with any one call that is
// lost or late, or death of a writer.
func TestNoInterleavingOfTwoWritersLeavesAnOldValue(t *testing.T) {
	others := kinds
	if raceEnabled {
		others = kinds[:1]
	}
	for _, k := range others {
		t.Run(k.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				key, entries := entriesOf(t)
				n := 0
				for e := new(enumeration); ; n++ {
					w := newWorld(e, 2, 0)
					w.put(key, entries["nothing"])
					w.faults = 1
					w.procs[0].write("writer 1", "", kinds[1], 1)
					w.procs[1].write("writer 2", "", k, 2)
					w.play(t)
					if !e.next() {
						break
					}
				}
				t.Logf("%d executions", n+1)
			})
		})
	}
}

// TestNoSampledInterleavingOfTwoReadersAndTwoWritersLeavesAnOldValue runs readers and writers in
// two processes, at random.
func TestNoSampledInterleavingOfTwoReadersAndTwoWritersLeavesAnOldValue(t *testing.T) {
	_, samples := visited()
	synctest.Test(t, func(t *testing.T) {
		key, entries := entriesOf(t)
		names := []string{"nothing", "nothing", "a value", "garbage"}
		for seed := range uint64(samples) {
			r := rand.New(rand.NewPCG(seed, 0))
			w := newWorld(sample{r}, 2, 0)
			w.split = true
			w.put(key, entries[names[r.IntN(len(names))]])
			w.faults = []int{0, 0, 1, 2, 5}[r.IntN(5)]
			w.leaps = []int{0, 0, 0, 1, 2}[r.IntN(5)]
			for i := range 2 {
				w.procs[r.IntN(2)].read("reader "+strconv.Itoa(i+1), 1+r.IntN(3))
				w.procs[r.IntN(2)].write("writer "+strconv.Itoa(i+1), "begins", kinds[r.IntN(len(kinds))], i+1)
			}
			w.play(t, "seed", seed)
		}
	})
}

// A sample chooses at random. Three times of four all goes well.
type sample struct{ *rand.Rand }

func (s sample) step(of int) int { return s.IntN(of) }

func (s sample) option(of int) int {
	if s.IntN(4) > 0 {
		return 0
	}
	return s.IntN(of)
}

// entriesOf returns what may be in the cache at first, by name, and its key.
func entriesOf(t *testing.T) (key string, entries map[string][]byte) {
	t.Helper()
	w := newWorld(wellBehaved{}, 1, 0)
	w.procs[0].read("reader", 1)
	w.play(t)
	return w.key, map[string][]byte{"nothing": nil, "a value": w.peek(), "garbage": []byte("garbage")}
}
