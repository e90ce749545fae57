package readaside_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/readaside"
	"github.com/warmclient/warmclient/readaside/cachetest"
)

func TestNewStoreRefusesWhatCannotWork(t *testing.T) {
	for want, o := range map[string]readaside.Options{
		"readaside: new store: Options.Prefix is required where Options.Cache is set": {Cache: newCache()},
		"readaside: new store: Options.CacheTimeout is negative: -1ns":                {CacheTimeout: -1},
		"readaside: new store: Options.WriteTimeout is negative: -1ns":                {WriteTimeout: -1},
	} {
		_, err := readaside.NewStore(o)
		require.EqualError(t, err, want)
	}
}

func TestNewReaderRefusesWhatCannotWork(t *testing.T) {
	type entity = readaside.Entity[string, product]
	store, err := readaside.NewStore(readaside.Options{})
	require.NoError(t, err)
	load := (&database{}).load
	_, err = readaside.NewReader(store, entity{Name: "taken", Load: load})
	require.NoError(t, err)
	for want, e := range map[string]entity{
		`readaside: new reader of "": Entity.Name is missing`:                           {Load: load},
		`readaside: new reader of "x": Entity.Load is missing`:                          {Name: "x"},
		`readaside: new reader of "taken": the Store has a Reader of this name already`: {Name: "taken", Load: load},
		`readaside: new reader of "x": Entity.TTL is negative: -1ns`:                    {Name: "x", Load: load, TTL: -1},
		`readaside: new reader of "x": Entity.LoadTimeout is negative: -1ns`:            {Name: "x", Load: load, LoadTimeout: -1},
		`readaside: new reader of "x": one of Entity.Encode and Entity.Decode is set without the other`: {
			Name: "x", Load: load, Encode: func(product) ([]byte, error) { return nil, nil },
		},
		`readaside: new reader of "y": one of Entity.Encode and Entity.Decode is set without the other`: {
			Name: "y", Load: load, Decode: func([]byte) (product, error) { return product{}, nil },
		},
	} {
		_, err := readaside.NewReader(store, e)
		require.EqualError(t, err, want)
	}
	_, err = readaside.NewReader(store, entity{Name: "x", Load: load})
	require.NoError(t, err, "a refused Reader does not take its name")

	_, err = readaside.NewReader(store, readaside.Entity[[2]string, product]{
		Name: "pair", Load: func(context.Context, [2]string) (p product, found bool, err error) { return },
	})
	require.EqualError(t, err, `readaside: new reader of "pair": Entity.Key is missing: [2]string is neither a string nor an integer`)
	_, err = readaside.NewReader(store, readaside.Entity[any, product]{
		Name: "any", Load: func(context.Context, any) (p product, found bool, err error) { return },
	})
	require.ErrorContains(t, err, "Entity.Key is missing")
}

type (
	name  string
	id    int64
	small uint8
)

func TestTheKeyIsTheIDWhereThatIsAStringOrAnInteger(t *testing.T) {
	requireKey(t, "a/b", "a/b")
	requireKey(t, name("a"), "a")
	requireKey(t, math.MinInt64, "-9223372036854775808")
	requireKey(t, id(-7), "-7")
	requireKey(t, small(200), "200")
	requireKey(t, uint64(math.MaxUint64), "18446744073709551615")
}

func requireKey[K any](t *testing.T, id K, want string) {
	t.Helper()
	c := cachetest.NewMemory()
	store, err := readaside.NewStore(readaside.Options{Cache: c, Prefix: "svc"})
	require.NoError(t, err)
	r, err := readaside.NewReader(store, readaside.Entity[K, string]{
		Name: "thing", Load: func(context.Context, K) (string, bool, error) { return "v", true, nil },
	})
	require.NoError(t, err)
	_, _, err = r.Get(t.Context(), id)
	require.NoError(t, err)
	entry, err := c.Get(t.Context(), "3:svc/5:thing/"+want)
	require.NoError(t, err)
	require.NotNil(t, entry)
}

func TestKeysOfDifferentStoresAndReadersDiffer(t *testing.T) {
	c := newCache()
	for _, parts := range [][3]string{ // prefix, name, id
		{"a", "b", "c"}, {"a/1:b", "c", ""}, {"a", "b/c", ""}, {"a", "b", "/c"}, {"1:a", "b", "c"}, {"a/", "b", "c"}, {"a", "/b", "c"},
	} {
		store, err := readaside.NewStore(readaside.Options{Cache: c, Prefix: parts[0]})
		require.NoError(t, err)
		want := fmt.Sprint(parts)
		r, err := readaside.NewReader(store, readaside.Entity[string, string]{
			Name: parts[1], Load: func(context.Context, string) (string, bool, error) { return want, true, nil },
		})
		require.NoError(t, err)
		for range 2 {
			v, _, err := r.Get(t.Context(), parts[2])
			require.NoError(t, err)
			require.Equal(t, want, v)
		}
	}
}

func TestOutcomesHaveNames(t *testing.T) {
	for o, want := range map[readaside.Outcome]string{
		readaside.Hit: "hit", readaside.NegativeHit: "negative hit", readaside.Miss: "miss", readaside.Fenced: "fenced",
		readaside.Unreadable: "unreadable", readaside.Stored: "stored", readaside.NotStored: "not stored",
		readaside.Loaded: "loaded", readaside.LoadFailed: "load failed", readaside.CacheFailed: "cache failed",
		readaside.CacheSkipped: "cache skipped", 0: "outcome 0", 200: "outcome 200",
	} {
		require.Equal(t, want, o.String())
	}
}

func TestEventsTellTheEntityTheTimeAndTheError(t *testing.T) {
	f := newFixture(t)
	f.cache.hook(func(context.Context, string) error { time.Sleep(time.Millisecond); return errTest })
	_, _, _ = f.Get(t.Context(), "1")
	e := f.observed()[0]
	require.Equal(t, "product", e.Entity)
	require.GreaterOrEqual(t, e.Took, time.Millisecond)
	require.Same(t, errTest, e.Err)
}
