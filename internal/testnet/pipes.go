package testnet

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
)

// Pipes is a [net.Listener] whose connections are in memory, so that a client and a server can run
// in a bubble of package synctest.
type Pipes struct {
	dials  atomic.Int32
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// NewPipes returns a listener that accepts the connections of its DialContext.
func NewPipes() *Pipes { return &Pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

// DialContext connects to the listener and ignores the address. It returns when the connection is
// accepted.
func (p *Pipes) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	p.dials.Add(1)
	near, far := net.Pipe()
	select {
	case p.conns <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Dials returns how often DialContext was called.
func (p *Pipes) Dials() int { return int(p.dials.Load()) }

// Accept returns the next connection.
func (p *Pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close closes the listener. Further connections are refused.
func (p *Pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

// Addr returns a placeholder address.
func (*Pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80} }
