package readaside_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/warmclient/warmclient/internal/readaside"
)

func TestObserveSeesEveryStepWithItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, o := &cache{}, &origin{words: map[string]string{"a": "hello"}}
		var events []readaside.Event
		options := defaults(c)
		options.Observe = func(_ context.Context, e readaside.Event) { events = append(events, e) }
		r := newReader(options, o)
		check := func(want ...readaside.Event) {
			t.Helper()
			synctest.Wait()
			for i := range want {
				want[i].Entity = "word"
			}
			assert.Equal(t, want, events)
			events = nil
		}
		read := func(id string) {
			t.Helper()
			_, _, err := r.Read(t.Context(), id)
			assert.NoError(t, err)
		}
		const ms = time.Millisecond
		get, load, set := readaside.OpGet, readaside.OpLoad, readaside.OpSet

		c.fail(sleep(3*ms), sleep(2*ms))
		o.fail(sleep(5*ms), nil)
		read("a")
		check(readaside.Event{Op: get, Outcome: readaside.Miss, Took: 3 * ms},
			readaside.Event{Op: load, Outcome: readaside.Loaded, Took: 5 * ms},
			readaside.Event{Op: set, Outcome: readaside.Stored, Took: 2 * ms})
		read("a")
		check(readaside.Event{Op: get, Outcome: readaside.Hit, Took: 3 * ms})
		read("b")
		events = nil
		read("b")
		check(readaside.Event{Op: get, Outcome: readaside.NegativeHit, Took: 3 * ms})
		r.Engine.Wrote(t.Context(), r.Write("b", "bye"), r.Write("a", "hello"))
		check(readaside.Event{Op: set, Outcome: readaside.Stored, Took: 2 * ms},
			readaside.Event{Op: set, Outcome: readaside.Stored, Took: 2 * ms})
		c.put("word/a", []byte("junk"), time.Hour)
		read("a")
		assert.Equal(t, readaside.Unreadable, events[0].Outcome)
		events = nil

		c.fail(refuse, refuse)
		for range 3 {
			read("a")
			check(readaside.Event{Op: get, Outcome: readaside.CacheFailed, Err: errDown},
				readaside.Event{Op: load, Outcome: readaside.Loaded, Took: 5 * ms})
		}
		read("a")
		assert.Equal(t, readaside.CacheSkipped, events[0].Outcome)
		assert.ErrorContains(t, events[0].Err, "open")
		events = nil

		o.fail(refuse, nil)
		_, _, err := r.Read(t.Context(), "a")
		assert.Equal(t, errDown, err)
		assert.Equal(t, readaside.Event{Op: load, Entity: "word", Outcome: readaside.LoadFailed, Err: errDown}, events[1])
		events = nil

		r.Engine.Wrote(t.Context(), r.Write("a", "hello"))
		check(readaside.Event{Op: set, Outcome: readaside.CacheFailed, Err: errDown})
		time.Sleep(time.Second)
		c.fail(hang, nil)
		o.fail(nil, nil)
		read("a")
		assert.Equal(t, readaside.CacheFailed, events[0].Outcome)
		assert.ErrorIs(t, events[0].Err, context.DeadlineExceeded)
		assert.Equal(t, 50*ms, events[0].Took)
	})
}
