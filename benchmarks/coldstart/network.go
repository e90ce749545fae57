package coldstart

import (
	"cmp"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Span is something that went on outside of the process, in time since its start.
type Span struct {
	What     string
	From, To time.Duration
}

// recorder collects spans, from several servers.
type recorder struct {
	mu    sync.Mutex
	spans []recorded
}

type recorded struct {
	what     string
	from, to time.Time
}

func (r *recorder) add(what string, from, to time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spans = append(r.spans, recorded{what, from, to})
}

// since returns the spans by when they began.
func (r *recorder) since(start time.Time) []Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	var spans []Span
	for _, s := range r.spans {
		spans = append(spans, Span{s.what, s.from.Sub(start), s.to.Sub(start)})
	}
	slices.SortStableFunc(spans, func(a, b Span) int { return cmp.Compare(a.From, b.From) })
	return spans
}

// distant is a listener whose connections take their time until the first byte
// gets through in either direction, as if it were for the way and for TLS.
type distant struct {
	net.Listener
	delay    time.Duration
	accepted func(at time.Time)
}

func (l distant) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	l.accepted(now)
	return &distantConn{c, now.Add(l.delay)}, nil
}

type distantConn struct {
	net.Conn
	open time.Time
}

func (c *distantConn) Read(b []byte) (int, error) {
	time.Sleep(time.Until(c.open))
	return c.Conn.Read(b)
}

func (c *distantConn) Write(b []byte) (int, error) {
	time.Sleep(time.Until(c.open))
	return c.Conn.Write(b)
}

// serveHTTP answers on l until the returned function is called.
func serveHTTP(l net.Listener, h http.Handler) (stop func()) {
	server := &http.Server{Handler: h}
	var running sync.WaitGroup
	running.Go(func() { _ = server.Serve(l) })
	return func() {
		_ = server.Close()
		running.Wait()
	}
}

// serveNothing accepts connections on l and never says a word.
func serveNothing(l net.Listener, accepted func(time.Time)) (stop func()) {
	var running sync.WaitGroup
	running.Go(func() {
		var conns []net.Conn
		for {
			c, err := l.Accept()
			if err != nil {
				break
			}
			accepted(time.Now())
			conns = append(conns, c)
		}
		for _, c := range conns {
			_ = c.Close()
		}
	})
	return func() {
		_ = l.Close()
		running.Wait()
	}
}
