package secrettimes

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
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
	stop chan struct{} // closed when handlers must return
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

// handler answers requests.
type handler func(s *server, w http.ResponseWriter, r *http.Request)

// serve starts a server. It panics where it cannot listen.
func serve(handle handler) *server {
	s := &server{stop: make(chan struct{}), calls: make(map[string]int)}
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		s.count(operation)
		_, _ = io.Copy(io.Discard, r.Body)
		handle(s, w, r)
	}))
	s.url = h.URL
	s.end = func() {
		close(s.stop)
		h.CloseClientConnections()
		h.Close()
	}
	return s
}

// answer is what Secrets Manager would answer, after a pause.
func answer(pause time.Duration) handler {
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

// sleep reports whether neither the request nor the server ended meanwhile.
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
func refuse(status int, body string) handler {
	return func(_ *server, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// Serve starts a Secrets Manager that is well, at endpoint, until stop is called.
func Serve() (endpoint string, stop func()) {
	s := serve(answer(0))
	return s.url, s.end
}
