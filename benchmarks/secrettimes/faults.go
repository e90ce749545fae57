package secrettimes

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// fault is one thing that can be wrong.
type fault struct {
	name  string
	start func() *server
	shown string // the cause, as an error's text has to show it; "": there is none but time
}

func faults() []fault {
	const (
		internal  = `{"__type":"InternalServiceError","message":"try again"}`
		throttled = `{"__type":"ThrottlingException","message":"Rate exceeded"}`
	)
	with := func(h handler) func() *server { return func() *server { return serve(h) } }
	return []fault{
		{"hang", with(hang), ""},
		{"mute", mute, ""},
		{"drip", with(drip), ""},
		{"refused", refused, "connection refused"},
		{"reset", with(reset), "connection reset"},
		{"500", with(refuse(500, internal)), "InternalServiceError"},
		{"503", with(refuse(503, "<html>Service Unavailable</html>")), "503"},
		{"429", with(refuse(429, "")), "429"},
		{"400 throttled", with(refuse(400, throttled)), "ThrottlingException"},
		{"good after 700 ms", with(answer(700 * time.Millisecond)), ""},
	}
}

// hang takes the request and never answers.
func hang(s *server, _ http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.stop:
	}
}

// drip sends an answer byte by byte, so that no limit on idleness helps.
func drip(s *server, w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "65536")
	for sleep(r.Context(), s, 20*time.Millisecond) {
		if _, err := w.Write([]byte(" ")); err != nil {
			return
		}
		w.(http.Flusher).Flush()
	}
}

// reset answers with a TCP reset.
func reset(_ *server, w http.ResponseWriter, _ *http.Request) {
	if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
}

// refused is a closed port.
func refused() *server {
	s := serve(hang)
	s.end()
	s.end = func() {}
	return s
}

// mute accepts connections and never reads from them.
func mute() *server {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	s := &server{url: "http://" + l.Addr().String(), calls: make(map[string]int)}
	var accepting sync.WaitGroup
	accepting.Go(func() {
		var conns []net.Conn
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			s.count("")
			conns = append(conns, conn)
		}
		for _, c := range conns {
			_ = c.Close()
		}
	})
	s.end = func() {
		_ = l.Close()
		accepting.Wait()
	}
	return s
}
