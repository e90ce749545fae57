package valkeycache_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/valkey-io/valkey-go"

	"github.com/warmclient/warmclient/lazyclient"
	"github.com/warmclient/warmclient/readaside"
	"github.com/warmclient/warmclient/readaside/cachetest"
	"github.com/warmclient/warmclient/readaside/valkeycache"
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

// cacheOf returns a cache with an open client.
func cacheOf(t testing.TB, o valkeycache.Opener) (*valkeycache.Cache, *opens) {
	t.Helper()
	c, n := coldCacheOf(t, o)
	require.NoError(t, c.Client.Warm(t.Context()))
	return c, n
}

func coldCacheOf(t testing.TB, o valkeycache.Opener) (*valkeycache.Cache, *opens) {
	t.Helper()
	var n opens
	h := &lazyclient.Holder[valkey.Client]{
		Name:    "valkey",
		Open:    o.Open,
		Release: valkeycache.Release,
		Stale:   valkeycache.IsStale,
		Backoff: func(int) time.Duration { return 5 * time.Millisecond },
		Observe: n.observe,
	}
	t.Cleanup(func() { assert.NoError(t, h.Close(background)) })
	return &valkeycache.Cache{Client: h}, &n
}

// conforms runs both suites with the clients of an opener, in parallel with other tests.
func conforms(t *testing.T, o valkeycache.Opener) {
	t.Helper()
	t.Parallel()
	newCache := func(t *testing.T) readaside.Cache {
		c, _ := cacheOf(t, o)
		return c
	}
	cachetest.Run(t, newCache)
	cachetest.RunProtocol(t, newCache)
}

func TestCacheConformsOnMiniredis(t *testing.T) {
	conforms(t, valkeycache.Opener{Address: newRedis(t).Addr()})
}

func TestTTLsBelowAMillisecondAreOneMillisecond(t *testing.T) {
	m := newRedis(t)
	m.ClockTTL(false)
	c, _ := cacheOf(t, valkeycache.Opener{Address: m.Addr()})
	for given, want := range map[time.Duration]time.Duration{
		1:                       time.Millisecond,
		999 * time.Microsecond:  time.Millisecond,
		1500 * time.Microsecond: time.Millisecond,
		48 * time.Hour:          48 * time.Hour,
	} {
		for name, set := range map[string]func() (bool, error){
			"Set":         func() (bool, error) { return true, c.Set(t.Context(), "k", []byte("v"), given) },
			"SetIfEqual":  func() (bool, error) { return c.SetIfEqual(t.Context(), "k", []byte("v"), []byte("v"), given) },
			"SetIfAbsent": func() (bool, error) { m.Del("k"); return c.SetIfAbsent(t.Context(), "k", nil, given) },
		} {
			require.NoError(t, m.Set("k", "v"))
			stored, err := set()
			require.NoError(t, err)
			require.True(t, stored)
			assert.Equal(t, want, m.TTL("k"), "%s for %v", name, given)
		}
	}
}

// eventually calls fn until it succeeds, for calls that do not wait for a client.
func eventually(t *testing.T, fn func() error) {
	t.Helper()
	var err error
	require.Eventually(t, func() bool { err = fn(); return err == nil }, 10*time.Second, time.Millisecond, "%v", err)
}

// reads are the calls that do not wait for a client, and writes are the calls that do.
func reads(c *valkeycache.Cache) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Get":         func(ctx context.Context) error { _, err := c.Get(ctx, "k"); return err },
		"SetIfAbsent": func(ctx context.Context) error { _, err := c.SetIfAbsent(ctx, "k", nil, time.Minute); return err },
		"SetIfEqual":  func(ctx context.Context) error { _, err := c.SetIfEqual(ctx, "k", nil, nil, time.Minute); return err },
	}
}

func writes(c *valkeycache.Cache) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Set":    func(ctx context.Context) error { return c.Set(ctx, "k", []byte("v"), time.Minute) },
		"Delete": func(ctx context.Context) error { return c.Delete(ctx, "k") },
	}
}

func TestReadsDoNotWaitForAColdClientAndWritesDo(t *testing.T) {
	p := startProxy(t, newRedis(t).Addr(), nil)
	let := make(chan struct{})
	c, n := coldCacheOf(t, valkeycache.Opener{Address: p.addr, Credentials: func(ctx context.Context) (string, string, error) {
		select {
		case <-let:
			return "", "", nil
		case <-ctx.Done():
			return "", "", ctx.Err()
		}
	}})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for name, read := range reads(c) {
		err := read(ctx)
		require.ErrorIs(t, err, readaside.ErrNotReady, name)
		require.ErrorIs(t, err, lazyclient.ErrOpening, name)
	}
	for name, write := range writes(c) {
		budget := errors.New("over the budget")
		short, cancel := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, budget)
		err := write(short)
		cancel()
		require.ErrorIs(t, err, readaside.ErrNotReady, "%s: time ran out while the client opened", name)
		require.ErrorIs(t, err, budget, name)
	}
	close(let)
	require.NoError(t, c.Set(ctx, "k", nil, time.Minute))
	assert.EqualValues(t, 1, n.opened.Load())
}

func TestAFailedOpenIsNotReady(t *testing.T) {
	c, _ := coldCacheOf(t, valkeycache.Opener{Address: refusing(t), Source: secrets.Env{Name: "VALKEYCACHE_TEST_UNSET"}})
	c.Client.Backoff = func(int) time.Duration { return time.Hour }
	for _, call := range []func(context.Context) error{writes(c)["Set"], reads(c)["Get"]} {
		err := call(t.Context())
		require.ErrorIs(t, err, readaside.ErrNotReady)
		_, ok := errors.AsType[*lazyclient.OpenError](err)
		assert.True(t, ok)
	}
	_, err := new(valkeycache.Cache).Get(t.Context(), "k")
	require.EqualError(t, err, "valkeycache: Cache.Client is nil")
}

func TestAClosedHolderIsAnError(t *testing.T) {
	c, _ := cacheOf(t, valkeycache.Opener{Address: newRedis(t).Addr()})
	require.NoError(t, c.Client.Close(t.Context()))
	_, err := c.Get(t.Context(), "k")
	require.ErrorIs(t, err, lazyclient.ErrClosed)
	require.NotErrorIs(t, err, readaside.ErrNotReady)
}

func TestAnEndedContextMakesNoCall(t *testing.T) {
	p := startProxy(t, newRedis(t).Addr(), nil)
	c, _ := coldCacheOf(t, valkeycache.Opener{Address: p.addr})
	why := errors.New("the caller was canceled")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	_, err := c.Get(ctx, "k")
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, why)
	require.EqualError(t, err, "valkeycache: get from the server: the caller was canceled")
	assert.Zero(t, p.dials())
}
