package readaside_test

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/warmclient/warmclient/readaside/cachetest"
)

// check looks at the cache after each step: no entry is older than a finished write.
func (w *world) check() {
	entry := w.peek()
	if !bytes.Equal(entry, w.entry) {
		w.entry, w.version = entry, w.decode(entry)
	}
	if w.version >= 0 {
		if done := w.finished(nil); w.version < done {
			w.violation("the cache holds version %d, and the write of version %d has finished", w.version, done)
		}
	}
}

func (w *world) peek() []byte {
	if w.key == "" {
		return nil
	}
	entry, _ := w.cache.Get(context.Background(), w.key)
	return entry
}

// decode has a process that knows nothing yet read an entry. It returns the version of its value,
// or -1 if there is no entry, or a lease or a fence.
func (w *world) decode(entry []byte) int {
	if entry == nil {
		return -1
	}
	c := cachetest.NewMemory()
	_ = c.Set(context.Background(), w.key, entry, time.Hour)
	_, r := newThings(unwritable{c}, func(context.Context, string) (int, bool, error) { return 0, false, errLoad })
	v, found, err := r.Get(context.Background(), "id")
	if err != nil {
		return -1
	}
	return w.versionOf(v, found)
}

// versionOf returns the last version that has the value, or -1.
func (w *world) versionOf(v int, found bool) int {
	if !found {
		v = absent
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, h := range slices.Backward(w.history) {
		if h == v {
			return i
		}
	}
	return -1
}

// A writing is a Write, as the test knows it.
type writing struct {
	p        *process
	actor    string
	fences   [][]byte
	version  int  // in the database; 0: not there
	returned bool // Write has, and its process was alive
	failed   bool // with an error or a panic
	covered  bool
	excused  bool // its fence may be missing
}

// fenced notes the fences of a write.
func (w *world) fenced(actor string, fence []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, wr := range w.writings {
		if wr.actor == actor && !wr.returned {
			wr.fences = append(wr.fences, fence)
		}
	}
}

// commit changes the database.
//
// What the package documents under "What remains" comes down to one rule. A write is covered once
// its own fence is in the cache when it takes effect, or a later fence or Delete, its own or
// another's, has reached the cache since. A write that is not covered has lost its second call or
// its process, and its fence too: that was lost or evicted, or another write replaced or deleted
// it. Only these excuse a fence that is missing.
func (w *world) commit(wr *writing, v int) {
	entry := w.peek()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.history = append(w.history, v)
	wr.version = len(w.history) - 1
	wr.covered = slices.ContainsFunc(wr.fences, func(f []byte) bool { return bytes.Equal(f, entry) })
	// The breaker opens after three failures, and fences are skipped then.
	if !wr.covered && !wr.excused && w.faulty < 3 {
		w.violation("the write of version %d takes effect and its fence is not in the cache", wr.version)
	}
}

// wiped is called when a fence or a Delete of an actor reaches the cache.
func (w *world) wiped(actor string) {
	w.excuse(func(wr *writing) bool { return wr.actor != actor && len(w.writings) > 1 })
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, wr := range w.writings {
		if wr.version > 0 {
			wr.covered = true
		}
	}
}

// failed is called when a call fails.
func (w *world) failed(s *step) {
	w.excuse(func(wr *writing) bool { return s.fences && wr.actor == s.actor })
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faulty++
}

// excuse is called when something has happened after which the fences of some writes may be
// missing.
func (w *world) excuse(missing func(*writing) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, wr := range w.writings {
		wr.excused = wr.excused || missing(wr)
	}
}

// finished returns the newest version whose write has finished, as far as the process may know: a
// process knows of its own writes, whatever has become of their calls.
func (w *world) finished(p *process) (version int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, wr := range w.writings {
		if wr.returned && (wr.covered || wr.p == p && !wr.failed) {
			version = max(version, wr.version)
		}
	}
	return version
}
