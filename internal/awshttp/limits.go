package awshttp

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

const (
	// ConnectTimeout limits a dial, name resolution included, and separately a TLS handshake. A
	// service in the same region connects within milliseconds. The SDK's limits are 30s and 10s.
	ConnectTimeout = time.Second

	// idleTimeout is how long an idle connection is kept. Services and NAT gateways drop idle
	// connections after a minute or more, some of them silently. net/http measures the idle time by
	// the wall clock, which includes the time that a process is frozen.
	idleTimeout = 45 * time.Second
)

// atMost returns the smaller of d and limit. A d of zero or less means no limit, as in net and
// net/http.
func atMost(d, limit time.Duration) time.Duration {
	if d <= 0 {
		return limit
	}
	return min(d, limit)
}

type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// limitDials limits the dials of t. If t has no dial function, it uses fallback, unless fallback is
// nil. The deprecated Dial and DialTLS take no context and are not limited here; the limits of a
// call still apply.
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

// disableHTTP2 makes t use only HTTP/1.1.
func disableHTTP2(t *http.Transport) {
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	if t.TLSClientConfig == nil {
		t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	t.TLSClientConfig.NextProtos = []string{"http/1.1"} // not shared, because Clone copies it
}
