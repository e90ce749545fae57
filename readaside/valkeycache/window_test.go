package valkeycache_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/valkey-io/valkey-go"

	"github.com/warmclient/warmclient/readaside/valkeycache"
)

func TestACallReturnsWhenItsContextIsDoneWithAFullWindow(t *testing.T) {
	p := startProxy(t, newRedis(t).Addr(), nil)
	// By default the ring has 1024 slots.
	client, err := valkeycache.Opener{Address: p.addr, Options: func(o *valkey.ClientOption) { o.RingScaleEachConn = 4 }}.Open(t.Context())
	require.NoError(t, err)
	defer client.Close()
	let := make(chan struct{})
	p.inject(func([]string) (string, bool) { <-let; return "", false })
	late := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		defer cancel()
		return client.Do(ctx, client.B().Get().Key("k").Build()).Error()
	}
	for range 40 {
		require.ErrorIs(t, late(), context.DeadlineExceeded)
	}
	close(let)
	eventually(t, func() error {
		if err := late(); !valkey.IsValkeyNil(err) {
			return err
		}
		return nil
	})
}

func TestACallOnABrokenConnectionFailsAtOnceWithAFullWindow(t *testing.T) {
	p := startProxy(t, newRedis(t).Addr(), nil)
	client, err := valkeycache.Opener{Address: p.addr, Options: func(o *valkey.ClientOption) { o.RingScaleEachConn = 4 }}.Open(t.Context())
	require.NoError(t, err)
	defer client.Close()
	p.inject(answering(mute))
	for range 10 { // fills what the ring of 16 gives to calls
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		require.ErrorIs(t, client.Do(ctx, client.B().Get().Key("k").Build()).Error(), context.DeadlineExceeded)
		cancel()
	}
	p.cutAll()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err = client.Do(ctx, client.B().Get().Key("k").Build()).Error()
	require.True(t, valkeycache.IsStale(err), "%v", err)
}

func TestAnIdleClientSendsNothing(t *testing.T) {
	p := startProxy(t, newRedis(t).Addr(), nil)
	client, err := valkeycache.Opener{Address: p.addr}.Open(t.Context())
	require.NoError(t, err)
	defer client.Close()
	time.Sleep(1500 * time.Millisecond) // by default it sends a PING each second
	assert.Equal(t, []string{"HELLO"}, p.seen())
}
