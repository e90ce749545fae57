package awshttp_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	sdkhttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// pipes is a listener in memory, so that connections live in a synctest bubble.
type pipes struct {
	dials  atomic.Int32
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
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

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80} }

// serve starts a server on pipes, and returns it with an SDK client that reaches it.
func serve(t *testing.T, h http.HandlerFunc) (*httptest.Server, *pipes, *sdkhttp.BuildableClient) {
	t.Helper()
	p := newPipes()
	server := httptest.NewUnstartedServer(h)
	_ = server.Listener.Close()
	server.Listener = p
	server.Start()
	t.Cleanup(server.Close)
	return server, p, sdkhttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
		tr.DialContext = p.DialContext
	})
}
