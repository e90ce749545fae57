package faults

import (
	"fmt"
	"net"
	"sync"
)

// Listener hands out loopback connections and remembers them, so that they can be reset from the
// server's side and waited for.
type Listener struct {
	*net.TCPListener
	refusing func() bool

	mu    sync.Mutex
	conns map[string]*conn // by the client's address
	idle  chan struct{}    // closed when the last connection ends; nil while there is no waiter
}

func listen(refusing func() bool) (*Listener, error) {
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, fmt.Errorf("listen on loopback: %w", err)
	}
	return &Listener{TCPListener: l, refusing: refusing, conns: map[string]*conn{}}, nil
}

// Accept returns the next connection that is not refused. A refused one is accepted and reset:
// closing the port instead could lose it to another process before the outage is over.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		tcp, err := l.AcceptTCP()
		if err != nil {
			return nil, err
		}
		if c, ok := l.admit(tcp); ok {
			return c, nil
		}
		reset(tcp)
	}
}

// admit decides and records under one lock: an outage that begins meanwhile either is seen here or
// finds the connection recorded when it resets them all.
func (l *Listener) admit(tcp *net.TCPConn) (*conn, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refusing() {
		return nil, false
	}
	c := &conn{TCPConn: tcp, listener: l}
	l.conns[c.RemoteAddr().String()] = c
	return c, true
}

func (l *Listener) forget(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if addr := c.RemoteAddr().String(); l.conns[addr] == c {
		delete(l.conns, addr)
	}
	if len(l.conns) == 0 && l.idle != nil {
		close(l.idle)
		l.idle = nil
	}
}

// Reset breaks the connection of the client at addr, if it is still there.
func (l *Listener) Reset(addr string) {
	l.mu.Lock()
	c := l.conns[addr]
	l.mu.Unlock()
	if c != nil {
		reset(c.TCPConn)
	}
}

// ResetAll breaks all connections.
func (l *Listener) ResetAll() {
	l.mu.Lock()
	conns := make([]*conn, 0, len(l.conns))
	for _, c := range l.conns {
		conns = append(conns, c)
	}
	l.mu.Unlock()
	for _, c := range conns {
		reset(c.TCPConn)
	}
}

// Wait returns when every connection has been closed by the server that accepted it, which is the
// last thing the goroutine that serves it does.
func (l *Listener) Wait() {
	l.mu.Lock()
	if len(l.conns) == 0 {
		l.mu.Unlock()
		return
	}
	if l.idle == nil {
		l.idle = make(chan struct{})
	}
	idle := l.idle
	l.mu.Unlock()
	<-idle
}

type conn struct {
	*net.TCPConn
	listener *Listener
}

func (c *conn) Close() error {
	err := c.TCPConn.Close()
	c.listener.forget(c)
	return err
}

// reset makes the peer see ECONNRESET rather than an orderly end: with a linger of zero, close
// sends RST.
func reset(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}
