package e2e_test

import (
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// tunnel stands between a function and a server, for what the server cannot do to a connection: let
// it die without a word, as a gateway does that has forgotten it.
type tunnel struct {
	listener net.Listener
	target   string

	mu     sync.Mutex
	age    int // of the tunnel; connections of an earlier one are dead
	opened []net.Conn
	wg     sync.WaitGroup
}

func startTunnel(t *testing.T, target string) *tunnel {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	tun := &tunnel{listener: l, target: target}
	tun.wg.Go(tun.serve)
	t.Cleanup(tun.close)
	return tun
}

func (tun *tunnel) addr() string { return tun.listener.Addr().String() }

// forget makes all connections of now lead nowhere. New ones work.
func (tun *tunnel) forget() {
	tun.mu.Lock()
	defer tun.mu.Unlock()
	tun.age++
}

func (tun *tunnel) close() {
	_ = tun.listener.Close()
	tun.mu.Lock()
	for _, c := range tun.opened {
		_ = c.Close()
	}
	tun.mu.Unlock()
	tun.wg.Wait()
}

func (tun *tunnel) serve() {
	for {
		client, err := tun.listener.Accept()
		if err != nil {
			return // closed
		}
		server, err := net.Dial("tcp", tun.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		tun.mu.Lock()
		age := tun.age
		tun.opened = append(tun.opened, client, server)
		tun.mu.Unlock()
		tun.wg.Go(func() { tun.carry(server, client, age) })
		tun.wg.Go(func() { tun.carry(client, server, age) })
	}
}

// carry copies one direction. On a dead connection it drops what comes, an end included.
func (tun *tunnel) carry(to, from net.Conn, age int) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if tun.dead(age) {
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
			if err == io.EOF {
				_ = to.(*net.TCPConn).CloseWrite()
			} else {
				_ = to.Close()
			}
			return
		}
	}
}

func (tun *tunnel) dead(age int) bool {
	tun.mu.Lock()
	defer tun.mu.Unlock()
	return age != tun.age
}
