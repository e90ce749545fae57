package secrettimes

import (
	"bufio"
	"net"
	"net/http"
	"time"
)

// fault is one thing that can be wrong.
type fault struct {
	name  string
	start func() (*server, error)
	shown string // the cause, as an error's text has to show it; "": there is none but time
	good  bool   // there is an answer, if one waits
}

func faults() []fault {
	const (
		internal  = `{"__type":"InternalServiceError","message":"try again"}`
		throttled = `{"__type":"ThrottlingException","message":"Rate exceeded"}`
	)
	http := func(handle func(*server, http.ResponseWriter, *http.Request)) func() (*server, error) {
		return func() (*server, error) { return serve(handle) }
	}
	return []fault{
		{name: "hang", start: http(hang)},
		{name: "mute", start: func() (*server, error) { return accept(mute) }},
		{name: "drip", start: http(drip)},
		{name: "refused", start: closedPort, shown: "connection refused"},
		{name: "reset", start: func() (*server, error) { return accept(reset) }, shown: "connection reset"},
		{name: "500", start: http(refuse(500, internal)), shown: "InternalServiceError"},
		{name: "503", start: http(refuse(503, "<html>Service Unavailable</html>")), shown: "503"},
		{name: "429", start: http(refuse(429, "")), shown: "429"},
		{name: "400 throttled", start: http(refuse(400, throttled)), shown: "ThrottlingException"},
		{name: "good after 700 ms", start: http(answer(700 * time.Millisecond)), good: true},
	}
}

// hang takes the request and never answers.
func hang(s *server, _ http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.stop:
	}
}

// mute accepts the connection and never reads from it.
func mute(s *server, _ *net.TCPConn) { <-s.stop }

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

// reset reads the request and answers with a TCP reset.
func reset(_ *server, conn *net.TCPConn) {
	if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
		_ = r.Body.Close() // which reads what is left of it
	}
	_ = conn.SetLinger(0)
}
