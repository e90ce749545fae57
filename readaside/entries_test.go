package readaside_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/readaside"
)

func TestGetOverwritesUnreadableEntries(t *testing.T) {
	for name, entry := range map[string]string{
		"empty": "", "short": "\x01", "text": "hello", "format": "\x02v\x00\x01k", "kind": "\x01x\x00\x01k",
		"truncated": "\x01v\x00\x7f", "length": "\x01v\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		"of another key": "\x01v\x00\x01k{}",
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.db.put(product{"1", "pen", 120})
			f.get(t, "1")
			require.NoError(t, f.cache.Set(t.Context(), "4:test/7:product/1", []byte(entry), time.Minute))
			f.reset()
			require.Equal(t, 120, f.get(t, "1").Cents)
			require.Equal(t, []string{"get unreadable", "lease stored", "load loaded", "fill stored"}, f.steps())
			require.Equal(t, []string{"get", "setifequal", "setifequal"}, f.cache.took())
			f.get(t, "1")
			require.Equal(t, []string{"get hit"}, f.steps())
		})
	}
}

func TestGetMissesAnEntryOfAnotherVersion(t *testing.T) {
	f := newFixture(t)
	f.db.put(product{"1", "pen", 120})
	g := f.another(t, func(_ *readaside.Options, e *readaside.Entity[string, product]) { e.Version = -3 })
	f.get(t, "1")
	g.get(t, "1")
	require.Equal(t, []string{"get unreadable", "lease stored", "load loaded", "fill stored"}, g.steps())
	g.get(t, "1")
	require.Equal(t, []string{"get hit"}, g.steps())
}

func TestAnotherVersionRespectsFencesAndLeases(t *testing.T) {
	f := newFixture(t)
	f.db.put(product{"1", "pen", 120})
	g := f.another(t, func(_ *readaside.Options, e *readaside.Entity[string, product]) { e.Version = 2 })
	err := f.Write(t.Context(), func(context.Context) error {
		g.get(t, "1")
		require.Equal(t, []string{"get fenced", "load loaded"}, g.steps())
		return nil
	}, f.Changed("1"))
	require.NoError(t, err)

	f.db.hooks(func(context.Context) error {
		f.db.hooks(nil, nil)
		g.get(t, "1")
		require.Equal(t, []string{"get fenced", "load loaded"}, g.steps())
		return nil
	}, nil)
	f.get(t, "1")
}

func TestAFailureOfACodecIsAMiss(t *testing.T) {
	for name, fail := range map[string]func() error{
		"error": func() error { return errTest },
		"panic": func() error { panic(errTest) },
	} {
		t.Run(name, func(t *testing.T) {
			var encode, decode bool
			f := newFixture(t, func(_ *readaside.Options, e *readaside.Entity[string, product]) {
				e.Encode = func(p product) ([]byte, error) {
					if encode {
						return nil, fail()
					}
					return []byte(p.Name), nil
				}
				e.Decode = func(b []byte) (product, error) {
					if decode {
						return product{"bad", "bad", 1}, fail()
					}
					return product{ID: "1", Name: string(b)}, nil
				}
			})
			f.db.put(product{ID: "1", Name: "pen"})
			encode = true
			require.Equal(t, "pen", f.get(t, "1").Name)
			events := f.observed()
			require.Equal(t, readaside.CacheFailed, events[len(events)-1].Outcome)
			require.ErrorIs(t, events[len(events)-1].Err, errTest)
			f.Invalidate(t.Context(), f.Changed("1"))

			encode = false
			f.get(t, "1")
			decode = true
			f.reset()
			require.Equal(t, "pen", f.get(t, "1").Name)
			events = f.observed()
			require.Equal(t, readaside.Unreadable, events[0].Outcome)
			require.ErrorIs(t, events[0].Err, errTest)
			require.Equal(t, readaside.Stored, events[3].Outcome)
		})
	}
}

func TestCallersCannotChangeWhatIsCached(t *testing.T) {
	store, err := readaside.NewStore(readaside.Options{Cache: newCache(), Prefix: "test"})
	require.NoError(t, err)
	row := []byte("pen")
	r, err := readaside.NewReader(store, readaside.Entity[int, []byte]{
		Name:   "bytes",
		Load:   func(context.Context, int) ([]byte, bool, error) { return row, true, nil },
		Encode: func(b []byte) ([]byte, error) { return b, nil },
		Decode: func(b []byte) ([]byte, error) { return b, nil },
	})
	require.NoError(t, err)
	for range 3 { // loaded, then cached
		v, _, err := r.Get(t.Context(), 7)
		require.NoError(t, err)
		require.Equal(t, "pen", string(v))
		copy(v, "???")
		copy(row, "pen")
	}
	change := r.ChangedTo(7, row)
	copy(row, "???")
	require.NoError(t, store.Write(t.Context(), func(context.Context) error { return nil }, change))
	v, _, err := r.Get(t.Context(), 7)
	require.NoError(t, err)
	require.Equal(t, "pen", string(v), "ChangedTo encodes at once")
}

// heldBytes is a cache whose Get returns the bytes that it holds, and no copy.
type heldBytes struct {
	readaside.Cache
	entry []byte
}

func (c heldBytes) Get(context.Context, string) ([]byte, error) { return c.entry, nil }

func TestCallersCannotChangeTheBytesThatACacheHolds(t *testing.T) {
	c := newCache()
	read := func(c readaside.Cache) []byte {
		store, err := readaside.NewStore(readaside.Options{Cache: c, Prefix: "test"})
		require.NoError(t, err)
		r, err := readaside.NewReader(store, readaside.Entity[int, []byte]{
			Name:   "bytes",
			Load:   func(context.Context, int) ([]byte, bool, error) { return []byte("pen"), true, nil },
			Encode: func(b []byte) ([]byte, error) { return b, nil },
			Decode: func(b []byte) ([]byte, error) { return b, nil },
		})
		require.NoError(t, err)
		v, _, err := r.Get(t.Context(), 7)
		require.NoError(t, err)
		return v
	}
	read(c)
	entry, err := c.Get(t.Context(), "4:test/5:bytes/7")
	require.NoError(t, err)
	held := bytes.Clone(entry)
	copy(read(heldBytes{c, held}), "???")
	require.Equal(t, entry, held)
}

func TestTTLIsLessUpToATenthAtRandom(t *testing.T) {
	f := newFixture(t, func(_ *readaside.Options, e *readaside.Entity[string, product]) { e.TTL = time.Hour })
	f.db.put(product{"1", "pen", 120})
	seen := make(map[time.Duration]bool)
	for range 20 {
		f.cache.ttls = nil
		f.get(t, "1")
		ttl := f.cache.ttls[1]
		require.LessOrEqual(t, ttl, time.Hour)
		require.GreaterOrEqual(t, ttl, 54*time.Minute)
		seen[ttl] = true
		f.Invalidate(t.Context(), f.Changed("1"))
	}
	require.Greater(t, len(seen), 10)
}

func TestNoTTLOfZeroOrLessReachesTheCache(t *testing.T) {
	for _, d := range []time.Duration{1, 1<<63 - 1} {
		f := newFixture(t, func(o *readaside.Options, e *readaside.Entity[string, product]) {
			o.WriteTimeout = d
			e.TTL, e.NegativeTTL = d, d
			e.LoadTimeout = max(d, time.Hour)
		})
		f.db.put(product{"1", "pen", 120})
		f.get(t, "1")
		_, _, err := f.Get(t.Context(), "2")
		require.NoError(t, err)
		_ = f.Write(t.Context(), func(context.Context) error { return errTest }, f.Changed("1"))
		_ = f.Write(t.Context(), func(context.Context) error { return readaside.Unchanged(errTest) }, f.Changed("1"))
		f.update(t, product{"1", "pen", 150})
		require.NotEmpty(t, f.cache.ttls)
		for _, ttl := range f.cache.ttls {
			require.Positive(t, ttl)
		}
	}
}
