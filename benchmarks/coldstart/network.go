package coldstart

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// distant is a listener that delays the first byte of a connection in each direction, which
// simulates the latency of the network and the TLS handshake.
type distant struct {
	net.Listener
	delay    time.Duration
	accepted func()
}

func (l distant) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.accepted()
	return &distantConn{c, time.Now().Add(l.delay)}, nil
}

type distantConn struct {
	net.Conn
	open time.Time
}

func (c *distantConn) Read(b []byte) (int, error) {
	time.Sleep(time.Until(c.open))
	return c.Conn.Read(b)
}

func (c *distantConn) Write(b []byte) (int, error) {
	time.Sleep(time.Until(c.open))
	return c.Conn.Write(b)
}

// serveHTTP answers on l until the returned function is called.
func serveHTTP(l net.Listener, h http.Handler) (stop func()) {
	server := &http.Server{Handler: h}
	var running sync.WaitGroup
	running.Go(func() { _ = server.Serve(l) })
	return func() {
		_ = server.Close()
		running.Wait()
	}
}

// forward forwards the connections of l to addr until the returned function is called.
func forward(l net.Listener, addr string) (stop func()) {
	var running sync.WaitGroup
	carry := func(to, from net.Conn) {
		running.Go(func() {
			defer to.Close()
			_, _ = io.Copy(to, from)
		})
	}
	running.Go(func() {
		for near, err := l.Accept(); err == nil; near, err = l.Accept() {
			far, err := new(net.Dialer).DialContext(context.Background(), "tcp", addr)
			if err != nil {
				_ = near.Close()
				continue
			}
			carry(far, near)
			carry(near, far)
		}
	})
	return func() {
		_ = l.Close()
		running.Wait()
	}
}

// serveNothing accepts connections on l and does not answer.
func serveNothing(l net.Listener) (stop func()) {
	var running sync.WaitGroup
	running.Go(func() {
		var conns []net.Conn
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			conns = append(conns, c)
		}
		for _, c := range conns {
			_ = c.Close()
		}
	})
	return func() {
		_ = l.Close()
		running.Wait()
	}
}
