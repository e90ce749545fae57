package secrettimes

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	secretID = "accounts/MomentoAuthToken"
	version  = "0f0e0d0c-0b0a-4909-8807-060504030201"
	secret   = "a secret of loopback"
)

// server is a Secrets Manager on loopback.
type server struct {
	url  string
	stop chan struct{} // closed when handlers have to give up
	end  func()

	mu    sync.Mutex
	calls map[string]int // by operation; raw connections are ""
}

// count notes one request.
func (s *server) count(operation string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[operation]++
}

// operations returns how many requests there were of each kind.
func (s *server) operations() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.calls)
}

// requests returns how many there were.
func (s *server) requests() (n int) {
	for _, c := range s.operations() {
		n += c
	}
	return n
}

func listen() (net.Listener, *server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	return l, &server{url: "http://" + l.Addr().String(), stop: make(chan struct{}), calls: make(map[string]int)}, nil
}

// serve answers requests with handle.
func serve(handle func(s *server, w http.ResponseWriter, r *http.Request)) (*server, error) {
	l, s, err := listen()
	if err != nil {
		return nil, err
	}
	h := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		s.count(operation)
		_, _ = io.Copy(io.Discard, r.Body)
		handle(s, w, r)
	})}
	var running sync.WaitGroup
	running.Go(func() { _ = h.Serve(l) })
	s.end = func() {
		close(s.stop)
		_ = h.Close()
		running.Wait()
	}
	return s, nil
}

// accept gives each connection to handle.
func accept(handle func(s *server, conn *net.TCPConn)) (*server, error) {
	l, s, err := listen()
	if err != nil {
		return nil, err
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.count("")
			running.Go(func() {
				defer conn.Close()
				handle(s, conn.(*net.TCPConn))
			})
		}
	})
	s.end = func() {
		close(s.stop)
		_ = l.Close()
		running.Wait()
	}
	return s, nil
}

// closedPort refuses connections.
func closedPort() (*server, error) {
	l, s, err := listen()
	if err != nil {
		return nil, err
	}
	s.end = func() {}
	return s, l.Close()
}

// answer is what Secrets Manager would answer, after a pause.
func answer(pause time.Duration) func(*server, http.ResponseWriter, *http.Request) {
	return func(s *server, w http.ResponseWriter, r *http.Request) {
		if !sleep(r.Context(), s, pause) {
			return
		}
		out := map[string]any{
			"ARN":  "arn:aws:secretsmanager:us-east-1:123456789012:secret:accounts/MomentoAuthToken-AbCdEf",
			"Name": secretID,
		}
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".DescribeSecret") {
			out["VersionIdsToStages"] = map[string][]string{version: {"AWSCURRENT"}}
		} else {
			out["VersionId"], out["VersionStages"], out["SecretString"] = version, []string{"AWSCURRENT"}, secret
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(w).Encode(out)
	}
}

// sleep reports whether anybody is still interested after it.
func sleep(ctx context.Context, s *server, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
	case <-s.stop:
	}
	return false
}

// refuse answers with a status.
func refuse(status int, body string) func(*server, http.ResponseWriter, *http.Request) {
	return func(_ *server, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// Serve starts a Secrets Manager that is well, at endpoint, until stop is called.
func Serve() (endpoint string, stop func(), err error) {
	s, err := serve(answer(0))
	if err != nil {
		return "", nil, err
	}
	return s.url, s.end, nil
}
