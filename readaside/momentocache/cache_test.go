package momentocache_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/momentohq/client-sdk-go/momento"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/lazyclient"
	"github.com/warmclient/warmclient/readaside/momentocache"
	"github.com/warmclient/warmclient/secrets"
)

var _ accounts.Cache = (*momentocache.Cache)(nil)

// opens counts what a holder does.
type opens struct{ opened, released atomic.Int32 }

func (o *opens) observe(e lazyclient.Event) {
	switch e.Kind {
	case lazyclient.Opened:
		o.opened.Add(1)
	case lazyclient.Released, lazyclient.ReleaseFailed: // a busy machine may take longer than Release waits
		o.released.Add(1)
	}
}

// newCache returns a cache on s as a program would make it.
func newCache(t testing.TB, s *server) (*momentocache.Cache, *opens) {
	t.Helper()
	return cacheOf(t, opener(t, s.addr))
}

func cacheOf(t testing.TB, o momentocache.Opener) (*momentocache.Cache, *opens) {
	t.Helper()
	var n opens
	h := &lazyclient.Holder[momento.CacheClient]{
		Name:    "momento",
		Open:    o.Open,
		Release: momentocache.Release,
		Stale:   momentocache.IsAuthError,
		Observe: n.observe,
	}
	t.Cleanup(func() { closed(t, h.Close(context.Background())) })
	return &momentocache.Cache{Client: h, Name: "accounts"}, &n
}

func TestAMissIsNilAndAnEmptyValueIsNot(t *testing.T) {
	s := newServer(t)
	c, _ := newCache(t, s)
	value, err := c.Get(t.Context(), "k")
	require.NoError(t, err)
	assert.Nil(t, value)

	for _, empty := range [][]byte{nil, {}} {
		require.NoError(t, c.Set(t.Context(), "k", empty, time.Minute))
		value, err = c.Get(t.Context(), "k")
		require.NoError(t, err)
		assert.NotNil(t, value)
		assert.Empty(t, value)
	}
}

func TestSetReplacesAndSetIfAbsentDoesNot(t *testing.T) {
	s := newServer(t)
	c, _ := newCache(t, s)
	binary := []byte{0, 0xff, '"', '\n'}
	require.NoError(t, c.SetIfAbsent(t.Context(), "k", []byte("first"), time.Minute))
	require.NoError(t, c.SetIfAbsent(t.Context(), "k", []byte("second"), time.Minute))
	value, err := c.Get(t.Context(), "k")
	require.NoError(t, err)
	assert.Equal(t, "first", string(value))

	require.NoError(t, c.Set(t.Context(), "k", binary, time.Minute))
	value, err = c.Get(t.Context(), "k")
	require.NoError(t, err)
	assert.Equal(t, binary, value)

	for _, call := range s.seen()[1:] {
		assert.Equal(t, "accounts", call.cache)
		assert.Equal(t, "k", call.key)
	}
}

func TestTTLsAreWholeMillisecondsBetweenOneAndTheServicesLimit(t *testing.T) {
	s := newServer(t)
	c, _ := newCache(t, s)
	require.NoError(t, c.Client.Warm(t.Context()))
	for given, want := range map[time.Duration]time.Duration{
		-time.Hour:              time.Millisecond,
		0:                       time.Millisecond,
		1:                       time.Millisecond,
		999 * time.Microsecond:  time.Millisecond,
		2500 * time.Microsecond: 2 * time.Millisecond,
		30 * time.Minute:        30 * time.Minute,
		24 * time.Hour:          24 * time.Hour,
		24*time.Hour + 1:        24 * time.Hour,
		1<<63 - 1:               24 * time.Hour,
	} {
		s.seen()
		require.NoError(t, c.Set(t.Context(), "k", []byte("v"), given))
		require.NoError(t, c.SetIfAbsent(t.Context(), "k", []byte("v"), given))
		calls := s.seen()
		require.Len(t, calls, 2)
		assert.Equal(t, want, calls[0].ttl, "Set for %v", given)
		assert.Equal(t, want, calls[1].ttl, "SetIfAbsent for %v", given)
	}
}

func TestARotatedTokenCostsNoFailedCall(t *testing.T) {
	s := newServer(t)
	s.accept("old-key")
	var current atomic.Pointer[string]
	rotate := func(key string) {
		token := v1(t, map[string]string{"endpoint": "cell-1.example.com", "api_key": key})
		current.Store(&token)
	}
	rotate("old-key")
	c, n := cacheOf(t, momentocache.Opener{Endpoint: s.addr, Source: secrets.SourceFunc(
		func(context.Context) (secrets.Document, error) { return secrets.Static(*current.Load()), nil },
	)})
	require.NoError(t, c.Set(t.Context(), "k", []byte("v"), time.Minute))

	rotate("new-key")
	s.accept("new-key")
	for range 3 {
		value, err := c.Get(t.Context(), "k")
		require.NoError(t, err)
		assert.Equal(t, "v", string(value))
	}
	assert.EqualValues(t, 2, n.opened.Load())
	assert.EqualValues(t, 1, n.released.Load(), "the old client is closed")
}

func TestARefusedTokenIsAnAuthErrorAndNoFloodOfOpens(t *testing.T) {
	s := newServer(t)
	s.accept("another-key")
	c, n := newCache(t, s)
	for range 20 {
		_, err := c.Get(t.Context(), "k")
		require.True(t, momentocache.IsAuthError(err), "%v", err)
	}
	assert.Less(t, n.opened.Load(), int32(10))
}

func TestCacheVouchesThatItsCallsObeyTheirContext(t *testing.T) {
	vouches, ok := any(&momentocache.Cache{}).(interface{ ObeysContext() bool })
	require.True(t, ok)
	require.True(t, vouches.ObeysContext())
}
