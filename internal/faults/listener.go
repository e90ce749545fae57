package faults

import (
	"fmt"
	"net"
	"sync"
)

// A Listener accepts loopback connections and records them, so that the server can reset them and
// wait until they are closed.
type Listener struct {
	*net.TCPListener
	refusing func() bool

	mu    sync.Mutex
	conns map[string]*conn // by the client's address
	idle  chan struct{}    // closed when the last connection ends; nil if there is no waiter
}

func listen(refusing func() bool) (*Listener, error) {
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, fmt.Errorf("listen on loopback: %w", err)
	}
	return &Listener{TCPListener: l, refusing: refusing, conns: map[string]*conn{}}, nil
}

// Accept returns the next connection that is not refused. It accepts and resets a refused
// connection. If it closed the port instead, another process could take the port.
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

// admit checks for an outage and records the connection under one lock. An outage that begins at
// the same time is either seen here, or it resets the recorded connection.
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

// Reset breaks the connection of the client at addr, if it is open.
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

// Wait returns when the server has closed every connection that it accepted. The goroutine that
// serves a connection closes it last.
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

// reset closes c so that the peer sees ECONNRESET: with a linger of zero, close sends RST.
func reset(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}
