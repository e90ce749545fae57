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

// server is a Secrets Manager on loopback, or what a client meets in its place.
type server struct {
	url      string
	requests func(op string) int // of an operation; "": of all. Connections, where there are no requests
	end      func()
}

// serve starts a Secrets Manager with these faults.
func serve(faults ...secretstest.Fault) (*server, error) {
	s := secretstest.NewServer()
	s.Put(secretID, secret)
	s.Inject(faults...)
	return &server{url: s.URL, requests: s.Requests, end: s.Close}, nil
}

// accept gives each connection to handle, which returns when stop is closed.
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

// latent is a server that takes its time.
func latent(d time.Duration) secretstest.Fault { return secretstest.Fault{Delay: d} }

// Serve starts a Secrets Manager that is well, at endpoint, until stop is called.
func Serve() (endpoint string, stop func(), err error) {
	s, err := serve()
	if err != nil {
		return "", nil, err
	}
	return s.url, s.end, nil
}
