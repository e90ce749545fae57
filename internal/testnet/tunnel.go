package testnet

import (
	"fmt"
	"net"
	"sync"
)

// A Tunnel is a TCP proxy that can drop connections silently, as a NAT gateway does with
// connections that were idle while a process was frozen. Data sent on them gets no answer and no
// reset.
type Tunnel struct {
	listener net.Listener
	target   string

	mu   sync.Mutex
	age  int // of new connections; older connections are dead
	ends []net.Conn
	lost map[net.Conn]bool // dead connections of clients that received data

	wg sync.WaitGroup
}

// StartTunnel returns a tunnel to target. The caller must call Close.
func StartTunnel(target string) (*Tunnel, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("testnet: %w", err)
	}
	t := &Tunnel{listener: l, target: target, lost: map[net.Conn]bool{}}
	t.wg.Go(t.serve)
	return t, nil
}

// Addr returns the address that clients connect to.
func (t *Tunnel) Addr() string { return t.listener.Addr().String() }

// Connections returns the number of connections made so far.
func (t *Tunnel) Connections() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.ends) / 2
}

// Forget makes all existing connections drop their data. New connections work.
func (t *Tunnel) Forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.age++
}

// Lost returns the number of forgotten connections on which clients have sent data.
func (t *Tunnel) Lost() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.lost)
}

// Close breaks all connections and returns when all goroutines have ended.
func (t *Tunnel) Close() {
	_ = t.listener.Close()
	t.mu.Lock()
	for _, c := range t.ends {
		_ = c.Close()
	}
	t.mu.Unlock()
	t.wg.Wait()
}

func (t *Tunnel) serve() {
	for {
		client, err := t.listener.Accept()
		if err != nil {
			return // closed
		}
		server, err := net.Dial("tcp", t.target) //nolint:noctx // a dial on loopback is fast
		if err != nil {
			_ = client.Close()
			continue
		}
		t.mu.Lock()
		age := t.age
		t.ends = append(t.ends, client, server)
		t.mu.Unlock()
		t.wg.Go(func() { t.carry(server, client, age, true) })
		t.wg.Go(func() { t.carry(client, server, age, false) })
	}
}

// carry copies one direction. On a dead connection it drops the data and the EOF.
func (t *Tunnel) carry(to, from net.Conn, age int, fromClient bool) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if t.dead(age, from, fromClient && n > 0) {
			if err != nil {
				return
			}
			continue
		}
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				_ = from.Close()
				return
			}
		}
		if err != nil {
			_ = to.Close()
			return
		}
	}
}

// dead reports whether a connection is forgotten, and records that it lost data.
func (t *Tunnel) dead(age int, from net.Conn, data bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	dead := age < t.age
	if dead && data {
		t.lost[from] = true
	}
	return dead
}
