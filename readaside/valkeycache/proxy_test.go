package valkeycache_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"
)

// The faults of a proxy. Any other text is the answer to the command.
const (
	mute      = "\x00mute"      // no answer to this command and later ones
	drop      = "\x00drop"      // the connection ends
	dropAfter = "\x00dropAfter" // ... in the middle of the answer
)

// A proxy forwards commands to a server and injects faults.
type proxy struct {
	addr     string
	listener net.Listener
	to       string
	serving  sync.WaitGroup

	mu       sync.Mutex
	conns    map[net.Conn]bool // the value reports whether the connection has died silently
	accepted int
	commands []string
	fault    func(args []string) (answer string, faulty bool) // called with mu held
}

// startProxy starts a proxy for a server. With a configuration, it uses TLS.
func startProxy(t testing.TB, to string, config *tls.Config) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	if config != nil {
		l = tls.NewListener(l, config)
	}
	p := &proxy{addr: l.Addr().String(), listener: l, to: to, conns: make(map[net.Conn]bool)}
	t.Cleanup(func() {
		_ = l.Close()
		p.each(func(c net.Conn) { _ = c.Close() })
		p.serving.Wait()
	})
	p.serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			p.mu.Lock()
			p.conns[conn] = false
			p.accepted++
			p.mu.Unlock()
			p.serving.Go(func() { p.serve(conn) })
		}
	})
	return p
}

func (p *proxy) serve(conn net.Conn) {
	defer func() {
		p.mu.Lock()
		delete(p.conns, conn)
		p.mu.Unlock()
		_ = conn.Close()
	}()
	server, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	defer server.Close()
	in, out := bufio.NewReader(conn), bufio.NewReader(server)
	for {
		args, raw, err := readCommand(in)
		if err != nil {
			return
		}
		answer, faulty := p.meets(conn, args)
		switch {
		case answer == mute:
			p.mu.Lock()
			p.conns[conn] = true
			p.mu.Unlock()
			continue
		case answer == drop:
			return
		case faulty && answer != dropAfter:
			if _, err := conn.Write([]byte(answer)); err != nil {
				return
			}
			continue
		}
		if _, err := server.Write(raw); err != nil {
			return
		}
		passed, err := readAnswer(out)
		if err != nil {
			return
		}
		if answer == dropAfter {
			_, _ = conn.Write(passed[:len(passed)/2])
			return
		}
		if _, err := conn.Write(passed); err != nil {
			return
		}
	}
}

func (p *proxy) meets(conn net.Conn, args []string) (answer string, faulty bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.commands = append(p.commands, strings.ToUpper(args[0]))
	if p.conns[conn] {
		return mute, true
	}
	if p.fault == nil {
		return "", false
	}
	return p.fault(args)
}

func (p *proxy) inject(fault func(args []string) (string, bool)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = fault
}

func (p *proxy) each(f func(net.Conn)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		f(c)
	}
}

// killAll makes the open connections die silently, as may happen during a freeze of the client's
// process.
func (p *proxy) killAll() {
	p.each(func(c net.Conn) { p.conns[c] = true })
}

// cutAll closes the connections that are open, as a restart of the server does.
func (p *proxy) cutAll() {
	p.each(func(c net.Conn) { _ = c.Close() })
}

func (p *proxy) open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns)
}

func (p *proxy) dials() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accepted
}

// seen returns the names of the received commands.
func (p *proxy) seen() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.commands)
}

// answering is a fault of the commands of these names, of all but those of the handshake if there
// is none.
func answering(answer string, names ...string) func(args []string) (string, bool) {
	return func(args []string) (string, bool) {
		name := strings.ToUpper(args[0])
		if len(names) == 0 && name != "AUTH" && name != "HELLO" || slices.Contains(names, name) {
			return answer, true
		}
		return "", false
	}
}

// newRedis returns a miniredis whose entries expire as time passes.
func newRedis(t testing.TB) *miniredis.Miniredis {
	t.Helper()
	m := miniredis.NewMiniRedis()
	m.ClockTTL(true)
	require.NoError(t, m.Start())
	t.Cleanup(m.Close)
	return m
}

// silent accepts connections and does not answer.
func silent(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// refusing is an address at which nothing listens.
func refusing(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

var background = context.Background()
