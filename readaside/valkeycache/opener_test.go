package valkeycache_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/valkey-io/valkey-go"

	"github.com/warmclient/warmclient/readaside/valkeycache"
	"github.com/warmclient/warmclient/secrets"
)

// requireNoClientLeft waits until no goroutine of a client or of an Open is left.
func requireNoClientLeft(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		buf := make([]byte, 1<<20)
		stacks := string(buf[:runtime.Stack(buf, true)])
		return !strings.Contains(stacks, "valkey.(*pipe)") && !strings.Contains(stacks, "valkeycache.dial")
	}, 5*time.Second, 5*time.Millisecond)
}

func TestOpenSendsTheHandshakeAndNothingElse(t *testing.T) {
	m := newRedis(t)
	m.RequireUserAuth("ada", password)
	p := startProxy(t, m.Addr(), nil)
	client, err := valkeycache.Opener{Address: p.addr, Username: "ada", Source: text(password)}.Open(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"AUTH", "HELLO"}, p.seen())
	require.NoError(t, client.Do(t.Context(), client.B().Set().Key("k").Value("v").Build()).Error())
	assert.Equal(t, 1, p.dials(), "the connection that Open made is the one in use")
	require.NoError(t, valkeycache.Release(t.Context(), client))
	requireNoClientLeft(t)
	require.Eventually(t, func() bool { return p.open() == 0 }, 5*time.Second, time.Millisecond)
	require.NoError(t, valkeycache.Release(t.Context(), nil))
}

func TestAServerWithoutHelloIsServed(t *testing.T) {
	p := startProxy(t, newRedis(t).Addr(), nil)
	p.inject(answering("-ERR unknown command 'HELLO'\r\n", "HELLO"))
	client, err := valkeycache.Opener{Address: p.addr}.Open(t.Context())
	require.NoError(t, err)
	client.Close()
}

func TestThePasswordIsFetchedWhileTheConnectionIsMade(t *testing.T) {
	p := startProxy(t, newRedis(t).Addr(), nil)
	o := valkeycache.Opener{Address: p.addr, Credentials: func(ctx context.Context) (string, string, error) {
		for p.dials() == 0 && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		return "", "", ctx.Err()
	}}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	client, err := o.Open(ctx)
	require.NoError(t, err, "the dial does not wait for the password")
	client.Close()
}

func TestThePasswordIsReadAsTextOrMember(t *testing.T) {
	m := newRedis(t)
	m.RequireAuth(password)
	for name, tt := range map[string]struct{ secret, key, fails string }{
		"text":             {secret: password},
		"text and a key":   {secret: password, key: "password"},
		"member":           {secret: `{"password":"` + password + `"}`, key: "password"},
		"no member":        {secret: `{"password":"` + password + `"}`, key: "pasword", fails: `key "pasword"`},
		"object, no key":   {secret: `{"password":"` + password + `"}`, fails: `valkeycache: read the password: secret "static" is a JSON object: set Opener.Key`},
		"with a line feed": {secret: password + "\n", fails: "white space"},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := valkeycache.Opener{Address: m.Addr(), Source: text(tt.secret), Key: tt.key}.Open(t.Context())
			if tt.fails != "" {
				require.ErrorContains(t, err, tt.fails)
				requireNothingOf(t, every(err), password)
				return
			}
			require.NoError(t, err)
			client.Close()
		})
	}
	requireNoClientLeft(t)
}

func TestOpenRefusesInvalidOptions(t *testing.T) {
	credentials := func(context.Context) (string, string, error) { return "", "", nil }
	for want, o := range map[string]valkeycache.Opener{
		`valkeycache: Opener.Address "": not of the form host:port`:                                  {},
		`valkeycache: Opener.Address "cache.example.com": not of the form host:port`:                 {Address: "cache.example.com"},
		`valkeycache: Opener.Address ":6379": not of the form host:port`:                             {Address: ":6379"},
		`valkeycache: Opener.Address "localhost:redis": port is not a number`:                        {Address: "localhost:redis"},
		`valkeycache: Opener.Address "localhost:0": port is not a number`:                            {Address: "localhost:0"},
		`valkeycache: Opener.Address "rediss://cache.example.com:6379": a URL: it must be host:port`: {Address: "rediss://cache.example.com:6379"},
		`valkeycache: Opener.Address "cache.example.com:6379": a URL`:                                {Address: "rediss://ada:" + password + "@cache.example.com:6379"},
		`valkeycache: Opener.Address "cache.example.com:6380": not of the form`:                      {Address: password + "@cache.example.com:6380"},
		`valkeycache: Opener.Credentials is set together with`:                                       {Address: "localhost:1", Credentials: credentials, Username: "ada"},
		`valkeycache: Opener.Credentials is set together with Username or Source`:                    {Address: "localhost:1", Credentials: credentials, Source: text("a")},
	} {
		_, err := o.Open(t.Context())
		require.ErrorContains(t, err, want)
		requireNothingOf(t, every(err), password)
	}
}

func TestOpenReturnsTheSourcesError(t *testing.T) {
	addr := newRedis(t).Addr()
	_, err := valkeycache.Opener{Address: addr, Source: secrets.Env{Name: "VALKEYCACHE_TEST_UNSET"}}.Open(t.Context())
	require.ErrorIs(t, err, secrets.ErrNotFound)
	require.ErrorContains(t, err, "valkeycache: fetch the password: ")

	broken := errors.New("no credentials")
	start := time.Now()
	_, err = valkeycache.Opener{
		Address: silent(t), TLS: &tls.Config{ServerName: "localhost"}, ConnectTimeout: time.Minute,
		Credentials: func(context.Context) (string, string, error) { return "", "", broken },
	}.Open(t.Context())
	require.ErrorIs(t, err, broken)
	assert.Less(t, time.Since(start), 20*time.Second, "Open does not wait for the dial")

	_, err = valkeycache.Opener{Address: addr, Credentials: func(context.Context) (string, string, error) { return "", "", broken }}.Open(t.Context())
	require.ErrorIs(t, err, broken)
	require.EqualError(t, err, "valkeycache: get the credentials: no credentials")
	requireNoClientLeft(t)
}

func TestOpenFailsAtOnceWhereNothingListens(t *testing.T) {
	waits := func(ctx context.Context) (string, string, error) { <-ctx.Done(); return "", "", ctx.Err() }
	for name, o := range map[string]valkeycache.Opener{"no password": {}, "a password that takes its time": {Credentials: waits}} {
		t.Run(name, func(t *testing.T) {
			o.Address, o.ConnectTimeout = refusing(t), time.Minute
			start := time.Now()
			_, err := o.Open(t.Context())
			require.ErrorContains(t, err, "valkeycache: connect to "+o.Address+": dial tcp")
			require.ErrorContains(t, err, "connection refused")
			require.NotErrorIs(t, err, context.Canceled)
			assert.Less(t, time.Since(start), 20*time.Second)
			requireNoClientLeft(t)
		})
	}
}

func TestOpenIsBoundedByConnectTimeoutAndLeavesNoGoroutine(t *testing.T) {
	p := startProxy(t, newRedis(t).Addr(), nil)
	p.inject(answering(mute, "AUTH", "HELLO"))
	for name, o := range map[string]valkeycache.Opener{
		"no TLS handshake": {Address: silent(t), TLS: &tls.Config{ServerName: "localhost"}},
		"no answer":        {Address: p.addr, Source: text(password)},
		"nothing but TCP":  {Address: silent(t)},
		"a tunnel to nowhere": {Address: silent(t), Options: func(o *valkey.ClientOption) {
			o.DialCtxFn = func(ctx context.Context, _ string, _ *net.Dialer, _ *tls.Config) (net.Conn, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			o.ConnectTimeout = 50 * time.Millisecond
			start := time.Now()
			client, err := o.Open(t.Context())
			assert.Less(t, time.Since(start), 3*time.Second)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorContains(t, err, "valkeycache: connect to "+o.Address+": ")
			assert.Nil(t, client)
			requireNoClientLeft(t)
		})
	}
}

func TestTheDefaultConnectTimeoutIsTwoSeconds(t *testing.T) {
	start := time.Now()
	_, err := valkeycache.Opener{Address: silent(t)}.Open(t.Context())
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Greater(t, time.Since(start), 1900*time.Millisecond)
	assert.Less(t, time.Since(start), 4500*time.Millisecond)
}

func TestOpenReturnsTheCauseOfItsContextsEndAndLeavesNoGoroutine(t *testing.T) {
	for name, o := range map[string]valkeycache.Opener{
		"in the dial":      {Address: silent(t), TLS: &tls.Config{ServerName: "localhost"}},
		"in the handshake": {Address: silent(t)},
	} {
		t.Run(name, func(t *testing.T) {
			shutdown := errors.New("shutting down")
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(50*time.Millisecond, func() { cancel(shutdown) })
			o.ConnectTimeout = time.Minute
			start := time.Now()
			_, err := o.Open(ctx)
			assert.Less(t, time.Since(start), 10*time.Second)
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorIs(t, err, shutdown)
			require.ErrorContains(t, err, "shutting down")
			require.NotContains(t, err.Error(), "closed network connection", "which is how it was ended")
			requireNoClientLeft(t)
		})
	}
}

func TestNothingBoundsAConnectionButConnectTimeoutAndContexts(t *testing.T) {
	option := valkeycache.Options(valkeycache.Opener{Address: "localhost:1"})
	assert.Equal(t, 2*time.Second, option.Dialer.Timeout)
	assert.Negative(t, option.Dialer.KeepAlive, "a frozen process does not answer")
	assert.Negative(t, option.ConnWriteTimeout, "a ConnectTimeout of more than ten seconds counts")
}

func TestAClientOutlivesTheContextOfItsOpen(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	client, err := valkeycache.Opener{Address: newRedis(t).Addr()}.Open(ctx)
	require.NoError(t, err)
	defer client.Close()
	cancel()
	require.NoError(t, client.Do(t.Context(), client.B().Set().Key("k").Value("v").Build()).Error())
}

func TestAPanicOfCredentialsIsTheCallersAndLeavesNoConnection(t *testing.T) {
	p := startProxy(t, newRedis(t).Addr(), nil)
	o := valkeycache.Opener{Address: p.addr, Credentials: func(ctx context.Context) (string, string, error) {
		for p.dials() == 0 {
			time.Sleep(time.Millisecond)
		}
		panic("no credentials")
	}}
	require.PanicsWithValue(t, "no credentials", func() { _, _ = o.Open(t.Context()) })
	require.Eventually(t, func() bool { return p.open() == 0 }, 5*time.Second, time.Millisecond)
	requireNoClientLeft(t)
}

func TestAPanicOrAGoexitOfADialIsTheCallers(t *testing.T) {
	open := func(fails func()) error {
		o := valkeycache.Opener{Address: "localhost:1", ConnectTimeout: time.Minute, Options: func(o *valkey.ClientOption) {
			o.DialCtxFn = func(context.Context, string, *net.Dialer, *tls.Config) (net.Conn, error) { fails(); return nil, nil }
		}, Credentials: func(ctx context.Context) (string, string, error) { <-ctx.Done(); return "", "", ctx.Err() }}
		_, err := o.Open(t.Context())
		return err
	}
	func() {
		defer func() {
			p, _ := recover().(error)
			require.ErrorContains(t, p, "no tunnel")
		}()
		_ = open(func() { panic("no tunnel") })
	}()
	requireNoClientLeft(t)
	require.ErrorContains(t, open(runtime.Goexit), "Goexit")
	requireNoClientLeft(t)
}

func TestOptionsAreAppliedLast(t *testing.T) {
	m := newRedis(t)
	addr, dialed := m.Addr(), 0
	o := valkeycache.Opener{Address: "behind-a-tunnel.example.com:6379", Options: func(option *valkey.ClientOption) {
		assert.Equal(t, []string{"behind-a-tunnel.example.com:6379"}, option.InitAddress)
		option.TLSConfig, option.AlwaysRESP2 = nil, false
		option.DialCtxFn = func(ctx context.Context, _ string, d *net.Dialer, _ *tls.Config) (net.Conn, error) {
			dialed++
			return d.DialContext(ctx, "tcp", addr)
		}
	}}
	c, _ := cacheOf(t, o)
	require.NoError(t, c.Set(t.Context(), "k", []byte("v"), time.Minute))
	value, err := c.Get(t.Context(), "k")
	require.NoError(t, err)
	assert.Equal(t, "v", string(value))
	assert.Equal(t, 1, dialed)
	m.Close()
	_, err = c.Get(t.Context(), "k")
	assert.True(t, valkeycache.IsStale(err), "%v", err)
}
