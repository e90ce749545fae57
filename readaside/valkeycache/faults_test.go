package valkeycache_test

import (
	"context"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/lazyclient"
	"github.com/warmclient/warmclient/readaside"
	"github.com/warmclient/warmclient/readaside/valkeycache"
	"github.com/warmclient/warmclient/secrets"
)

// A service is a Store with a table that always answers.
type service struct {
	store   *readaside.Store
	entries *readaside.Reader[int, int]
	value   atomic.Int64 // in the table, of every key
	hits    atomic.Int64
}

func newService(t testing.TB, c readaside.Cache) *service {
	t.Helper()
	s := new(service)
	var err error
	s.store, err = readaside.NewStore(readaside.Options{Cache: c, Prefix: "test", Observe: func(_ context.Context, e readaside.Event) {
		if e.Op == readaside.OpGet && e.Outcome == readaside.Hit {
			s.hits.Add(1)
		}
	}})
	require.NoError(t, err)
	s.entries, err = readaside.NewReader(s.store, readaside.Entity[int, int]{
		Name: "entry",
		Load: func(context.Context, int) (int, bool, error) { return int(s.value.Load()), true, nil },
	})
	require.NoError(t, err)
	return s
}

// use makes one write and two reads. None may fail or return the replaced value.
func (s *service) use(t testing.TB, key int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	next := s.value.Load() + 1
	require.NoError(t, s.store.Write(ctx, func(context.Context) error { s.value.Store(next); return nil }, s.entries.ChangedTo(key, int(next))))
	for range 2 {
		got, found, err := s.entries.Get(ctx, key)
		require.NoError(t, err)
		require.True(t, found)
		require.EqualValues(t, next, got)
	}
}

// recovers uses the service until it reads from the cache again.
func (s *service) recovers(t testing.TB) {
	t.Helper()
	before := s.hits.Load()
	require.Eventually(t, func() bool { s.use(t, 1); return s.hits.Load() > before }, 20*time.Second, 20*time.Millisecond,
		"the cache is used again")
}

func TestNoRequestFailsByAFaultOfTheServer(t *testing.T) {
	for name, fault := range map[string]func(p *proxy){
		"refuses connections": func(p *proxy) { p.inject(answering(drop, "AUTH", "HELLO", "GET", "SET", "EVAL", "DEL")); p.cutAll() },
		"mute":                func(p *proxy) { p.inject(answering(mute)) },
		"mute to all":         func(p *proxy) { p.inject(answering(mute, "AUTH", "HELLO", "GET", "SET", "EVAL", "DEL")); p.cutAll() },
		"drops an answer":     func(p *proxy) { p.inject(answering(dropAfter)) },
		"drops a Get":         func(p *proxy) { p.inject(answering(dropAfter, "GET")) },
		"drops a fill":        func(p *proxy) { p.inject(answering(drop, "EVAL")) },
		"was restarted":       func(p *proxy) { p.cutAll() },
		"died unnoticed":      func(p *proxy) { p.killAll() },
		"READONLY": func(p *proxy) {
			p.inject(answering("-READONLY You can't write against a read only replica.\r\n", "SET", "EVAL", "DEL"))
		},
		"NOAUTH": func(p *proxy) { p.inject(answering("-NOAUTH Authentication required.\r\n")) },
		"WRONGPASS": func(p *proxy) {
			p.inject(answering("-WRONGPASS invalid username-password pair\r\n", "AUTH", "GET"))
			p.cutAll()
		},
		"OOM": func(p *proxy) {
			p.inject(answering("-OOM command not allowed when used memory > 'maxmemory'.\r\n", "SET", "EVAL"))
		},
		"LOADING":            func(p *proxy) { p.inject(answering("-LOADING server is loading the dataset in memory\r\n")) },
		"MOVED":              func(p *proxy) { p.inject(answering("-MOVED 866 10.0.0.2:6379\r\n")) },
		"another type":       func(p *proxy) { p.inject(answering("*1\r\n:1\r\n")) },
		"not RESP":           func(p *proxy) { p.inject(answering("HTTP/1.1 400 Bad Request\r\n\r\n")) },
		"an impossible size": func(p *proxy) { p.inject(answering("$-5\r\n")) },
		"a huge size":        func(p *proxy) { p.inject(answering("$99999999999999\r\n")) },
		"a size without CR":  func(p *proxy) { p.inject(answering("$11\nX\r\n+OK\r\n+OK\r\n")) },
		"arrays in arrays":   func(p *proxy) { p.inject(answering(strings.Repeat("*1\r\n", 4_000_000))) },
		"two answers":        func(p *proxy) { p.inject(answering("+OK\r\n-ERR farewell\r\n")) },
		"an answer too early": func(p *proxy) {
			p.inject(answering(mute, "GET"))
			p.each(func(c net.Conn) { _, _ = c.Write([]byte("-ERR idle for too long\r\n")) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startProxy(t, newRedis(t).Addr(), nil)
			p.inject(answering("+OK\r\n", "AUTH"))
			c, _ := cacheOf(t, valkeycache.Opener{Address: p.addr, Source: text(password), ConnectTimeout: 200 * time.Millisecond})
			s := newService(t, c)
			s.recovers(t)
			fault(p)
			for i := range 8 {
				s.use(t, i)
			}
			p.inject(answering("+OK\r\n", "AUTH"))
			s.recovers(t)
		})
	}
}

func TestNoRequestFailsWhereNothingListens(t *testing.T) {
	c, _ := coldCacheOf(t, valkeycache.Opener{Address: refusing(t)})
	s := newService(t, c)
	for i := range 20 {
		s.use(t, i)
	}
	assert.Zero(t, s.hits.Load())
}

// After a failover the server's name leads to the new primary.
func TestAClientOfAServerThatBecameAReplicaIsReplaced(t *testing.T) {
	p := startProxy(t, newRedis(t).Addr(), nil)
	c, n := cacheOf(t, valkeycache.Opener{Address: p.addr})
	p.inject(func(args []string) (string, bool) {
		if args[0] == "SET" && p.accepted == 1 { // the first connection leads to what is a replica now
			return "-READONLY You can't write against a read only replica.\r\n", true
		}
		return "", false
	})
	require.NoError(t, c.Set(t.Context(), "k", []byte("v"), time.Minute), "repeated with the new client")
	assert.EqualValues(t, 2, n.opened.Load())
	require.Eventually(t, func() bool { return n.released.Load() == 1 }, 5*time.Second, time.Millisecond)
}

func TestABrokenConnectionFailsNoWriteAndSkipsReadsForAMoment(t *testing.T) {
	for _, fault := range []string{drop, dropAfter} {
		for kind, calls := range map[string]func(*valkeycache.Cache) map[string]func(context.Context) error{"read": reads, "write": writes} {
			for name := range calls(new(valkeycache.Cache)) {
				t.Run(name+strconv.Quote(fault), func(t *testing.T) {
					p := startProxy(t, newRedis(t).Addr(), nil)
					c, n := cacheOf(t, valkeycache.Opener{Address: p.addr})
					p.inject(func([]string) (string, bool) {
						if p.accepted == 1 {
							return fault, true
						}
						return "", false
					})
					call := calls(c)[name]
					err := call(t.Context())
					if kind == "write" {
						require.NoError(t, err, "repeated with the new client")
					} else {
						require.ErrorIs(t, err, readaside.ErrNotReady, "no failure of the cache")
						require.ErrorIs(t, err, lazyclient.ErrOpening)
						require.True(t, valkeycache.IsStale(err), "and why: %v", err)
						eventually(t, func() error { return call(t.Context()) })
					}
					assert.EqualValues(t, 2, n.opened.Load())
					assert.Equal(t, 2, p.dials(), "a client does not dial again by itself")
				})
			}
		}
	}
}

func TestAWriteThatTimesOutDuringAReplacementIsNotReady(t *testing.T) {
	for name := range writes(new(valkeycache.Cache)) {
		p := startProxy(t, newRedis(t).Addr(), nil)
		c, _ := cacheOf(t, valkeycache.Opener{Address: p.addr})
		p.inject(func([]string) (string, bool) {
			if p.accepted == 1 {
				return drop, true
			}
			return mute, true
		})
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		err := writes(c)[name](ctx)
		cancel()
		require.ErrorIs(t, err, readaside.ErrNotReady, name)
		require.True(t, valkeycache.IsStale(err), "%v", err)
	}
}

func TestAViolationOfTheProtocolIsABrokenConnection(t *testing.T) {
	p := startProxy(t, newRedis(t).Addr(), nil)
	c, _ := cacheOf(t, valkeycache.Opener{Address: p.addr})
	p.inject(answering("HTTP/1.1 400 Bad Request\r\n\r\n"))
	_, err := c.Get(t.Context(), "k")
	require.ErrorIs(t, err, readaside.ErrNotReady, "no failure of the cache")
	require.True(t, valkeycache.IsStale(err), "%v", err)
}

func TestAClientDialsOnce(t *testing.T) {
	p := startProxy(t, newRedis(t).Addr(), nil)
	client, err := valkeycache.Opener{Address: p.addr}.Open(t.Context())
	require.NoError(t, err)
	defer client.Close()
	p.cutAll()
	for range 5 {
		err = client.Do(t.Context(), client.B().Get().Key("k").Build()).Error()
		require.True(t, valkeycache.IsStale(err), "%v", err)
	}
	require.EqualError(t, err, "the connection is broken", "nothing is sent on it any more")
	assert.Equal(t, 1, p.dials())
}

func TestARotatedPasswordHealsThroughTheHolder(t *testing.T) {
	m := newRedis(t)
	m.RequireAuth("old-" + password)
	p := startProxy(t, m.Addr(), nil)
	var reads atomic.Int32
	var now atomic.Value
	now.Store("old-" + password)
	c, n := cacheOf(t, valkeycache.Opener{Address: p.addr, Source: secrets.SourceFunc(func(context.Context) (secrets.Document, error) {
		reads.Add(1)
		return secrets.Static(now.Load().(string)), nil
	})})
	s := newService(t, c)
	s.recovers(t)

	// The server has the new password, and closes the connections of the old one, a moment before
	// the secret has it.
	m.RequireAuth("new-" + password)
	p.cutAll()
	for i := range 5 {
		s.use(t, i)
	}
	now.Store("new-" + password)
	s.recovers(t)
	assert.EqualValues(t, 2, n.opened.Load())
	assert.Greater(t, reads.Load(), int32(2), "a refused password is read again too")

	// A server that asks for the password on an open connection.
	dials := p.dials()
	p.inject(func([]string) (string, bool) {
		if p.accepted == dials {
			return "-NOAUTH Authentication required.\r\n", true
		}
		return "", false
	})
	s.recovers(t)
	assert.EqualValues(t, 3, n.opened.Load())
}

func TestADeadConnectionIsReplacedAfterThreeCalls(t *testing.T) {
	p := startProxy(t, newRedis(t).Addr(), nil)
	c, n := cacheOf(t, valkeycache.Opener{Address: p.addr})
	require.NoError(t, c.Set(t.Context(), "k", []byte("v"), time.Minute))
	p.killAll()
	for i := range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		_, err := c.Get(ctx, "k")
		cancel()
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, i == 2, valkeycache.IsStale(err), "%v", err)
	}
	eventually(t, func() error { return reads(c)["Get"](t.Context()) })
	value, err := c.Get(t.Context(), "k")
	require.NoError(t, err)
	assert.Equal(t, "v", string(value))
	assert.EqualValues(t, 2, n.opened.Load())
	require.Eventually(t, func() bool { return n.released.Load() == 1 }, 10*time.Second, time.Millisecond)
	require.Eventually(t, func() bool { return p.open() == 1 }, 10*time.Second, time.Millisecond, "the dead connection is closed")
}
