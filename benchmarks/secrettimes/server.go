package secrettimes

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/warmclient/warmclient/secrets/secretstest"
)

const (
	secretID = "accounts/MomentoAuthToken"
	secret   = "a secret of loopback"
)

// server is a fake Secrets Manager on loopback, or a faulty server in its place.
type server struct {
	url      string
	requests func(op string) int // of an operation, "" for all; connections if the server parses no requests
	end      func()
}

// serve starts a Secrets Manager with these faults.
func serve(faults ...secretstest.Fault) (*server, error) {
	s := secretstest.NewServer()
	s.Put(secretID, secret)
	s.Inject(faults...)
	return &server{url: s.URL, requests: s.Requests, end: s.Close}, nil
}

// accept calls handle for each connection. handle must return when stop is closed.
func accept(handle func(conn net.Conn, stop <-chan struct{})) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	var accepted atomic.Int64
	var running sync.WaitGroup
	stop := make(chan struct{})
	running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			accepted.Add(1)
			running.Go(func() {
				defer conn.Close()
				handle(conn, stop)
			})
		}
	})
	return &server{
		url:      "http://" + l.Addr().String(),
		requests: func(string) int { return int(accepted.Load()) },
		end: func() {
			close(stop)
			_ = l.Close()
			running.Wait()
		},
	}, nil
}

// closedPort refuses connections.
func closedPort() (*server, error) {
	s, err := serve()
	if err != nil {
		return nil, err
	}
	s.end()
	return s, nil
}

// latent is a slow server.
func latent(d time.Duration) secretstest.Fault { return secretstest.Fault{Delay: d} }

// Serve starts a Secrets Manager without faults and returns its endpoint. The caller must call
// stop.
func Serve() (endpoint string, stop func(), err error) {
	s, err := serve()
	if err != nil {
		return "", nil, err
	}
	return s.url, s.end, nil
}
