package testnet

import (
	"fmt"
	"net"
	"sync"
)

// Tunnel is a TCP proxy that forgets connections, as a NAT gateway does with those that were idle
// while a process was frozen: what is sent on them gets no answer, not even a reset.
type Tunnel struct {
	listener net.Listener
	target   string

	mu   sync.Mutex
	age  int // of new connections; what is older is dead
	ends []net.Conn
	lost map[net.Conn]bool // dead ends of clients that data came in on

	wg sync.WaitGroup
}

// StartTunnel returns a tunnel to target. Stop it with Close.
func StartTunnel(target string) (*Tunnel, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("testnet: %w", err)
	}
	t := &Tunnel{listener: l, target: target, lost: map[net.Conn]bool{}}
	t.wg.Go(t.serve)
	return t, nil
}

// Addr returns the address of the tunnel's near end.
func (t *Tunnel) Addr() string { return t.listener.Addr().String() }

// Connections returns how many connections have been made.
func (t *Tunnel) Connections() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.ends) / 2
}

// Forget makes all connections of now lead nowhere. New ones work.
func (t *Tunnel) Forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.age++
}

// Lost returns on how many forgotten connections clients have sent something.
func (t *Tunnel) Lost() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.lost)
}

// Close breaks all connections and returns when nothing runs any more.
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
		server, err := net.Dial("tcp", t.target) //nolint:noctx // ends with the process at the latest
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

// carry copies one direction. On a dead connection it drops what comes, an end included.
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

// dead reports whether a connection is forgotten, and notes what is lost on it.
func (t *Tunnel) dead(age int, from net.Conn, data bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	dead := age < t.age
	if dead && data {
		t.lost[from] = true
	}
	return dead
}
