package momentocache_test

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A listener counts its connections, and can let those that it has die without telling the client,
// as a freeze of the client's process does.
type listener struct {
	net.Listener
	accepted atomic.Int32
	slow     atomic.Int64 // time before the server sees a new connection

	mu    sync.Mutex
	conns map[*conn]struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.accepted.Add(1)
	time.Sleep(time.Duration(l.slow.Load()))
	wrapped := &conn{Conn: c, of: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[wrapped] = struct{}{}
	return wrapped, nil
}

func (l *listener) open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns)
}

// killAll makes the connections that are open go silent.
func (l *listener) killAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		c.dead.Store(true)
	}
}

type conn struct {
	net.Conn
	of   *listener
	dead atomic.Bool
}

// Read on a dead connection takes what comes and passes nothing on.
func (c *conn) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		if err != nil || !c.dead.Load() {
			return n, err
		}
	}
}

func (c *conn) Write(p []byte) (int, error) {
	if c.dead.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

func (c *conn) Close() error {
	c.of.mu.Lock()
	delete(c.of.conns, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}
