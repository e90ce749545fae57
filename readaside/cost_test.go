package readaside_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/readaside"
	"github.com/warmclient/warmclient/readaside/cachetest"
)

// A user has three strings, as the entities of package accounts have.
type user struct{ Username, FirstName, LastName string }

var ann = user{"ann", "Ann", "Lee"}

func encodeUser(u user) ([]byte, error) {
	b := make([]byte, 0, 64)
	for _, s := range []string{u.Username, u.FirstName, u.LastName} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	return b, nil
}

func decodeUser(b []byte) (u user, err error) {
	text := string(b) // the one copy
	for _, s := range []*string{&u.Username, &u.FirstName, &u.LastName} {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return user{}, errors.New("malformed user")
		}
		at := len(text) - len(b) + n
		*s, b = text[at:at+int(size)], b[n+int(size):]
	}
	return u, nil
}

// hits returns a function that gets one user who is cached, by a codec of its own or by JSON, and
// the call of the raw cache beneath.
func hits(tb testing.TB, json bool) (get, raw func()) {
	tb.Helper()
	c := cachetest.NewMemory()
	store, err := readaside.NewStore(readaside.Options{Cache: c, Prefix: "accounts"})
	require.NoError(tb, err)
	e := readaside.Entity[string, user]{
		Name:   "user",
		Load:   func(context.Context, string) (user, bool, error) { return ann, true, nil },
		Encode: encodeUser,
		Decode: decodeUser,
	}
	if json {
		e.Encode, e.Decode = nil, nil
	}
	r, err := readaside.NewReader(store, e)
	require.NoError(tb, err)
	ctx, cancel := context.WithCancel(context.Background()) // as a request's, it can end
	tb.Cleanup(cancel)
	get = func() {
		if u, found, err := r.Get(ctx, "ann"); u != ann || !found || err != nil {
			panic(fmt.Sprint(u, found, err))
		}
	}
	get()
	key := "8:accounts/4:user/ann"
	raw = func() {
		if b, err := c.Get(ctx, key); len(b) == 0 || err != nil {
			panic(fmt.Sprint(b, err))
		}
	}
	return get, raw
}

func TestAHitAllocatesLittleMoreThanTheCache(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for json, most := range map[bool]float64{false: 8, true: 14} {
		get, raw := hits(t, json)
		above := testing.AllocsPerRun(1000, get) - testing.AllocsPerRun(1000, raw)
		t.Logf("JSON %v: %v allocations above the raw cache", json, above)
		require.LessOrEqual(t, above, most)
	}
}

func BenchmarkHit(b *testing.B) {
	own, raw := hits(b, false)
	json, _ := hits(b, true)
	for _, bb := range []struct {
		name string
		fn   func()
	}{{"raw", raw}, {"own", own}, {"json", json}} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bb.fn()
			}
		})
	}
}

func BenchmarkMiss(b *testing.B) {
	store, r := benchmarkReader(b)
	b.ReportAllocs()
	for b.Loop() {
		_, _, _ = r.Get(b.Context(), "ann")
		store.Invalidate(b.Context(), r.Changed("ann"))
	}
}

func BenchmarkWrite(b *testing.B) {
	store, r := benchmarkReader(b)
	b.ReportAllocs()
	for b.Loop() {
		_ = store.Write(b.Context(), succeed, r.ChangedTo("ann", ann))
	}
}

func benchmarkReader(b *testing.B) (*readaside.Store, *readaside.Reader[string, user]) {
	b.Helper()
	store, err := readaside.NewStore(readaside.Options{Cache: cachetest.NewMemory(), Prefix: "accounts"})
	require.NoError(b, err)
	r, err := readaside.NewReader(store, readaside.Entity[string, user]{
		Name: "user", Load: func(context.Context, string) (user, bool, error) { return ann, true, nil },
		Encode: encodeUser, Decode: decodeUser,
	})
	require.NoError(b, err)
	return store, r
}
