package momentocache_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/momentohq/client-sdk-go/momento"
	"github.com/momentohq/client-sdk-go/responses"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/lazyclient"
	"github.com/warmclient/warmclient/readaside"
	"github.com/warmclient/warmclient/readaside/cachetest"
	"github.com/warmclient/warmclient/readaside/momentocache"
	"github.com/warmclient/warmclient/secrets"
)

// opens counts the events of a holder.
type opens struct{ opened, released atomic.Int32 }

func (o *opens) observe(e lazyclient.Event) {
	switch e.Kind {
	case lazyclient.Opened:
		o.opened.Add(1)
	case lazyclient.Released:
		o.released.Add(1)
	}
}

// newCache returns a cache for s with an open client.
func newCache(t testing.TB, s *server) (*momentocache.Cache, *opens) {
	t.Helper()
	return cacheOf(t, s.opener(t))
}

func cacheOf(t testing.TB, o momentocache.Opener) (*momentocache.Cache, *opens) {
	t.Helper()
	c, n := coldCacheOf(t, o)
	require.NoError(t, c.Client.Warm(t.Context()))
	return c, n
}

func coldCacheOf(t testing.TB, o momentocache.Opener) (*momentocache.Cache, *opens) {
	t.Helper()
	var n opens
	h := &lazyclient.Holder[momento.CacheClient]{
		Name:    "momento",
		Open:    o.Open,
		Release: momentocache.Release,
		Stale:   momentocache.IsStale,
		Observe: n.observe,
	}
	t.Cleanup(func() { assert.NoError(t, h.Close(context.Background())) })
	return &momentocache.Cache{Client: h, Name: "accounts"}, &n
}

func TestCacheConforms(t *testing.T) {
	newCache := func(t *testing.T) readaside.Cache {
		s := newServer(t)
		o := s.opener(t)
		o.ConsistentReads = true
		c, _ := cacheOf(t, o)
		return c
	}
	cachetest.Run(t, newCache)
	cachetest.RunProtocol(t, newCache)
}

func TestTTLsAreClampedToWhatTheServiceTakes(t *testing.T) {
	var ttl time.Duration
	c := &momentocache.Cache{Name: "accounts", Client: lazyclient.Of[momento.CacheClient](ttls{ttl: &ttl})}
	for given, want := range map[time.Duration]time.Duration{
		1:                      time.Millisecond,
		999 * time.Microsecond: time.Millisecond,
		30 * time.Minute:       30 * time.Minute,
		24*time.Hour + 1:       24 * time.Hour,
		1<<63 - 1:              24 * time.Hour,
	} {
		for name, set := range map[string]func() error{
			"Set":         func() error { return c.Set(t.Context(), "k", nil, given) },
			"SetIfAbsent": func() error { _, err := c.SetIfAbsent(t.Context(), "k", nil, given); return err },
			"SetIfEqual":  func() error { _, err := c.SetIfEqual(t.Context(), "k", nil, nil, given); return err },
		} {
			ttl = 0
			require.NoError(t, set())
			assert.Equal(t, want, ttl, "%s for %v", name, given)
		}
	}
}

// ttls is a client that records the TTLs.
type ttls struct {
	momento.CacheClient
	ttl *time.Duration
}

func (f ttls) Set(_ context.Context, r *momento.SetRequest) (responses.SetResponse, error) {
	*f.ttl = r.Ttl
	return &responses.SetSuccess{}, nil
}

func (f ttls) SetIfAbsent(_ context.Context, r *momento.SetIfAbsentRequest) (responses.SetIfAbsentResponse, error) {
	*f.ttl = r.Ttl
	return &responses.SetIfAbsentStored{}, nil
}

func (f ttls) SetIfEqual(_ context.Context, r *momento.SetIfEqualRequest) (responses.SetIfEqualResponse, error) {
	*f.ttl = r.Ttl
	return &responses.SetIfEqualStored{}, nil
}

func TestADefaultTTLIsOneMinuteAndClamped(t *testing.T) {
	s := newServer(t, "accounts")
	for given, long := range map[time.Duration]bool{0: true, -time.Second: true, time.Microsecond: false, 48 * time.Hour: true} {
		o := s.opener(t)
		o.DefaultTTL = given
		client, err := o.Open(t.Context())
		require.NoError(t, err, "the SDK refuses a default TTL of 0")
		_, err = client.Set(t.Context(), &momento.SetRequest{CacheName: "accounts", Key: momento.String("k"), Value: momento.String("v")})
		require.NoError(t, err)
		time.Sleep(10 * time.Millisecond)
		resp, err := client.Get(t.Context(), &momento.GetRequest{CacheName: "accounts", Key: momento.String("k")})
		require.NoError(t, err)
		_, hit := resp.(*responses.GetHit)
		assert.Equal(t, long, hit, "DefaultTTL %v", given)
		client.Close()
	}
}

// eventually calls fn until it succeeds, for calls that do not wait for a client.
func eventually(t *testing.T, fn func() error) {
	t.Helper()
	var err error
	require.Eventually(t, func() bool { err = fn(); return err == nil }, 10*time.Second, time.Millisecond, "%v", err)
}

func get(t *testing.T, c *momentocache.Cache) func() error {
	return func() error { _, err := c.Get(t.Context(), "k"); return err }
}

func TestARotatedKeyFailsNoWriteAndSkipsReadsForAMoment(t *testing.T) {
	for name, call := range map[string]func(c *momentocache.Cache) error{
		"Set":    func(c *momentocache.Cache) error { return c.Set(t.Context(), "k", []byte("v"), time.Minute) },
		"Delete": func(c *momentocache.Cache) error { return c.Delete(t.Context(), "k") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			c, n := rotating(t, s)
			s.Rotate()
			require.NoError(t, call(c), "repeated with the new client")
			assert.EqualValues(t, 2, n.opened.Load())
		})
	}
	for name, call := range map[string]func(c *momentocache.Cache) error{
		"Get": func(c *momentocache.Cache) error { _, err := c.Get(t.Context(), "k"); return err },
		"SetIfAbsent": func(c *momentocache.Cache) error {
			_, err := c.SetIfAbsent(t.Context(), "k", nil, time.Minute)
			return err
		},
		"SetIfEqual": func(c *momentocache.Cache) error {
			_, err := c.SetIfEqual(t.Context(), "k", nil, nil, time.Minute)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			c, n := rotating(t, s)
			s.Rotate()
			err := call(c)
			require.ErrorIs(t, err, readaside.ErrNotReady, "no failure of the cache")
			require.True(t, momentocache.IsAuthError(err), "and why: %v", err)
			eventually(t, func() error { return call(c) })
			assert.EqualValues(t, 2, n.opened.Load())
			require.Eventually(t, func() bool { return n.released.Load() == 1 }, 5*time.Second, time.Millisecond, "the old client is closed")
		})
	}
}

// rotating returns a cache whose source always has the server's key.
func rotating(t *testing.T, s *server) (*momentocache.Cache, *opens) {
	t.Helper()
	return cacheOf(t, momentocache.Opener{Endpoint: s.addr, Source: secrets.SourceFunc(
		func(context.Context) (secrets.Document, error) { return secrets.Static(s.Key()), nil },
	)})
}

func TestReadsDoNotWaitForAColdClientAndWritesDo(t *testing.T) {
	s := newServer(t)
	c, n := coldCacheOf(t, s.opener(t))
	s.Inject(hang)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := c.Get(ctx, "k")
	require.ErrorIs(t, err, readaside.ErrNotReady)
	require.ErrorIs(t, err, lazyclient.ErrOpening)
	_, err = c.SetIfAbsent(ctx, "k", nil, time.Minute)
	require.ErrorIs(t, err, readaside.ErrNotReady)
	_, err = c.SetIfEqual(ctx, "k", nil, nil, time.Minute)
	require.ErrorIs(t, err, readaside.ErrNotReady)

	for _, write := range []func(context.Context) error{
		func(ctx context.Context) error { return c.Set(ctx, "k", nil, time.Minute) },
		func(ctx context.Context) error { return c.Delete(ctx, "k") },
	} {
		budget := errors.New("over the budget")
		short, cancel := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, budget)
		err := write(short)
		cancel()
		require.ErrorIs(t, err, readaside.ErrNotReady, "time ran out while the client opened")
		require.ErrorIs(t, err, budget)
	}
	s.Heal()
	require.NoError(t, c.Set(ctx, "k", nil, time.Minute))
	assert.EqualValues(t, 1, n.opened.Load())
}

func TestAFailedOpenIsNotReady(t *testing.T) {
	o := opener(t, "127.0.0.1:1")
	o.Key = "ANOTHER_KEY"
	c, _ := coldCacheOf(t, o)
	c.Client.Backoff = func(int) time.Duration { return time.Hour }
	for _, call := range []func() error{func() error { return c.Set(t.Context(), "k", nil, time.Minute) }, get(t, c)} {
		err := call()
		require.ErrorIs(t, err, readaside.ErrNotReady)
		require.ErrorIs(t, err, secrets.ErrNoKey)
		_, ok := errors.AsType[*lazyclient.OpenError](err)
		assert.True(t, ok)
	}
	_, err := (&momentocache.Cache{Name: "accounts"}).Get(t.Context(), "k")
	require.EqualError(t, err, "momentocache: Cache.Client is nil")
}

func TestAClosedHolderIsAnError(t *testing.T) {
	c, _ := newCache(t, newServer(t))
	require.NoError(t, c.Client.Close(t.Context()))
	_, err := c.Get(t.Context(), "k")
	require.ErrorIs(t, err, lazyclient.ErrClosed)
	require.NotErrorIs(t, err, readaside.ErrNotReady)
}

func TestARefusedKeyDoesNotReopenWithEachCall(t *testing.T) {
	s := newServer(t)
	c, n := newCache(t, s)
	s.Rotate() // and the source still has the old one
	for range 50 {
		require.Error(t, c.Set(t.Context(), "k", nil, time.Minute))
	}
	assert.Less(t, n.opened.Load(), int32(10))
}
