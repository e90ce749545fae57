package awshttp

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

const (
	// ConnectTimeout bounds a dial, name resolution included, and then a TLS handshake. A service
	// in the same region connects within milliseconds; the SDK would wait for 30 s and 10 s.
	ConnectTimeout = time.Second

	// idleTimeout is how long an idle connection is kept. Services and NAT gateways drop theirs,
	// some silently, after a minute or more. Before it uses an idle connection, net/http compares
	// its age by the wall clock, which goes on while a process is frozen.
	idleTimeout = 45 * time.Second
)

// atMost returns d, or limit if that is less. Zero means no limit to net and net/http.
func atMost(d, limit time.Duration) time.Duration {
	if d <= 0 {
		return limit
	}
	return min(d, limit)
}

type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// limitDials bounds the dials of t. Where t has no dial function of its own, it dials with
// fallback; a nil fallback leaves it so. The deprecated Dial and DialTLS take no context and stay
// unbounded; the limits of a call hold for them.
func limitDials(t *http.Transport, fallback dialFunc, limit time.Duration) {
	dial := t.DialContext
	//lint:ignore SA1019 a user's transport may have it
	if dial == nil && t.Dial == nil { //nolint:staticcheck // the same
		dial = fallback
	}
	if dial != nil {
		t.DialContext = limitDial(dial, limit)
	}
	if t.DialTLSContext != nil { // dial and handshake in one
		t.DialTLSContext = limitDial(t.DialTLSContext, limit)
	}
}

func limitDial(dial dialFunc, limit time.Duration) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		return dial(ctx, network, addr)
	}
}

// speakHTTP1 keeps t from HTTP/2.
func speakHTTP1(t *http.Transport) {
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	if t.TLSClientConfig == nil {
		t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	t.TLSClientConfig.NextProtos = []string{"http/1.1"} // Clone made it t's own
}
