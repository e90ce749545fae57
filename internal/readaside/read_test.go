package readaside_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/internal/readaside"
)

func TestReadLoadsOnceAndThenServesFromTheCache(t *testing.T) {
	bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
		assertReads(t, t.Context(), r, "a", "hello")
		assertReads(t, t.Context(), r, "a", "hello")
		assert.Equal(t, 1, o.loaded())
		assert.Equal(t, []string{"get word/a", "set word/a", "get word/a"}, c.called())
	})
}

func TestReadServesAnAbsenceFromTheCacheForNegativeTTL(t *testing.T) {
	bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
		assertReads(t, t.Context(), r, "b", "")
		assertReads(t, t.Context(), r, "b", "")
		assert.Equal(t, 1, o.loaded())
		assert.Equal(t, []string{"get word/b", "set if absent word/b", "get word/b"}, c.called())

		o.write("b", "bye") // by somebody who tells nobody
		time.Sleep(5 * time.Second)
		assertReads(t, t.Context(), r, "b", "bye")
	})
}

func TestNegativeNegativeTTLCachesNoAbsence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, o := &cache{}, &origin{}
		options := defaults(c)
		options.NegativeTTL = -1
		r := newReader(options, o)
		assertReads(t, t.Context(), r, "b", "")
		assertReads(t, t.Context(), r, "b", "")
		assert.Equal(t, 2, o.loaded())
		assert.Equal(t, []string{"get word/b", "get word/b"}, c.called())
	})
}

func TestTTLIsJitteredDownByAtMostATenth(t *testing.T) {
	bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
		seen := make(map[time.Duration]bool)
		for range 50 {
			c.put("word/a", nil, 0)
			assertReads(t, t.Context(), r, "a", "hello")
			ttl := c.entry("word/a").ttl
			assert.LessOrEqual(t, ttl, 30*time.Minute)
			assert.GreaterOrEqual(t, ttl, 27*time.Minute)
			seen[ttl] = true
		}
		assert.Greater(t, len(seen), 10)
	})
}

func TestReadWithoutACacheLoads(t *testing.T) {
	o := &origin{words: map[string]string{"a": "hello"}}
	options := defaults(nil)
	options.Observe = func(_ context.Context, e readaside.Event) { assert.Equal(t, readaside.OpLoad, e.Op) }
	r := newReader(options, o)
	assertReads(t, t.Context(), r, "a", "hello")
	r.Engine.Wrote(t.Context(), r.Write("a", "hello"))
	assertReads(t, t.Context(), r, "a", "hello")
	assert.Equal(t, 2, o.loaded())
}

// unreadable calls test with values that were not sealed for word/a in the
// current format, among them every proper prefix of one that was.
func unreadable(t *testing.T, test func(t *testing.T, value []byte)) {
	other, own := &cache{}, &cache{}
	for _, c := range []*cache{other, own} {
		o := &origin{words: map[string]string{"a": "hello", "b": "hello"}}
		r := newReader(patient(c), o)
		assertReads(t, t.Context(), r, "a", "hello")
		assertReads(t, t.Context(), r, "b", "hello")
	}
	good := own.entry("word/a").value
	older := bytes.Clone(good)
	older[0]--
	kind := bytes.Clone(good)
	kind[1] = '?'
	huge := append(bytes.Clone(good[:2]), 0xff, 0xff, 0xff, 0xff, 0x0f)
	endless := append(bytes.Clone(good[:2]), bytes.Repeat([]byte{0x80}, 20)...)
	cases := map[string][]byte{
		"garbage":           {0xde, 0xad, 0xbe, 0xef},
		"foreign JSON":      []byte(`{"username":"a"}`),
		"older format":      older,
		"unknown kind":      kind,
		"other identity":    other.entry("word/b").value,
		"something behind":  append(bytes.Clone(good), 0),
		"absence with more": append(append([]byte{good[0], 'a'}, good[2:]...), 1, 'x'),
		"length too large":  huge,
		"length too long":   endless,
	}
	for n := range good {
		cases["truncated to "+string(rune('0'+n/10))+string(rune('0'+n%10))] = good[:n:n]
	}
	for name, value := range cases {
		t.Run(name, func(t *testing.T) { test(t, value) })
	}
}

func TestUnreadableValueIsAMissThatAFoundEntityRepairs(t *testing.T) {
	unreadable(t, func(t *testing.T, value []byte) {
		c, o := &cache{}, &origin{words: map[string]string{"a": "hello"}}
		r := newReader(patient(c), o)
		c.put("word/a", value, time.Hour)
		assertReads(t, t.Context(), r, "a", "hello")
		assertReads(t, t.Context(), r, "a", "hello")
		assert.Equal(t, 1, o.loaded())
	})
}

func TestUnreadableValueIsNotOverwrittenByAnAbsence(t *testing.T) {
	unreadable(t, func(t *testing.T, value []byte) {
		c, o := &cache{}, &origin{}
		r := newReader(patient(c), o)
		c.put("word/a", value, time.Hour)
		assertReads(t, t.Context(), r, "a", "")
		assertReads(t, t.Context(), r, "a", "")
		assert.Equal(t, 2, o.loaded())
		assert.Equal(t, value, c.entry("word/a").value)
		assert.Equal(t, []string{"get word/a", "get word/a"}, c.called())
	})
}

func TestReadReturnsCauseAtOnceWhenCallersContextEnds(t *testing.T) {
	why := errors.New("went home")
	for name, stall := range map[string]func(c *cache, o *origin){
		"during the get":         func(c *cache, _ *origin) { c.fail(hang, nil) },
		"during a deaf get":      func(c *cache, _ *origin) { c.fail(sleepDeaf, nil) },
		"during the load":        func(_ *cache, o *origin) { o.fail(hang, nil) },
		"during a load's answer": func(_ *cache, o *origin) { o.fail(nil, hang) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
				stall(c, o)
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(7*time.Millisecond, func() { cancel(why) })
				start := time.Now()
				_, _, err := r.Read(ctx, "a")
				assert.Equal(t, why, err)
				assert.Equal(t, 7*time.Millisecond, time.Since(start))
				time.Sleep(time.Minute) // for the deaf
			})
		})
	}
}

// sleepDeaf takes ten seconds, whatever its context says.
func sleepDeaf(context.Context) error {
	time.Sleep(10 * time.Second)
	return nil
}

func TestReadWithAnEndedContextStartsNothing(t *testing.T) {
	bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, _, err := r.Read(ctx, "a")
		require.ErrorIs(t, err, context.Canceled)
		synctest.Wait()
		assert.Empty(t, c.called())
		assert.Zero(t, o.loaded())
	})
}

func FuzzCutFieldsTakesOnlyWhatAppendFieldsMade(f *testing.F) {
	f.Add("", "", "")
	f.Add("ann", "Ann", "Lee")
	f.Add("a\x03ann", string(make([]byte, 300)), "\xff")
	f.Fuzz(func(t *testing.T, a, b, rest string) {
		sealed := string(readaside.AppendFields(nil, a, b))
		var x, y string
		require.True(t, readaside.CutFields(sealed, &x, &y))
		require.Equal(t, []string{a, b}, []string{x, y})
		require.Equal(t, rest == "", readaside.CutFields(sealed+rest, &x, &y))
		require.False(t, readaside.CutFields(sealed[:len(sealed)-1], &x, &y))
		readaside.CutFields(rest, &x, &y) // must not panic
	})
}
