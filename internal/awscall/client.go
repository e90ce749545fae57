package awscall

import (
	"context"
	"crypto/tls"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sdkhttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

const (
	// MaxAttempts bounds the attempts of a fetch, the first included.
	MaxAttempts = 3
	// MaxBackoff bounds the pause between two attempts.
	MaxBackoff = 100 * time.Millisecond

	// A service in the same region connects within milliseconds. The limit is half of the default
	// budget, so that a route that is missing is told from a service that is slow.
	dialTimeout      = 500 * time.Millisecond
	handshakeTimeout = time.Second
)

// HTTPClient returns client without kept connections: it speaks HTTP/1.1 only, and closes each
// connection after its answer, since an idle one may be dead after a freeze, and net/http prints what
// arrives on one. It dials within 500ms and shakes hands within 1s. Shorter limits and a DialContext
// of the user's own are kept. Only the SDK's BuildableClient is changed (as a copy): any other client
// is returned as it is.
//
// Call it from a service option: the SDK applies DefaultsMode, which sets both limits too, before
// those.
func HTTPClient(client aws.HTTPClient) aws.HTTPClient {
	buildable, ok := client.(*sdkhttp.BuildableClient)
	if !ok {
		return client
	}
	// WithDialerOptions replaces DialContext, so what was there is put back.
	dial := buildable.GetTransport().DialContext
	return buildable.WithDialerOptions(func(d *net.Dialer) {
		d.Timeout = limit(d.Timeout, dialTimeout)
	}).WithTransportOptions(func(t *http.Transport) {
		t.TLSHandshakeTimeout = limit(t.TLSHandshakeTimeout, handshakeTimeout)
		if dial != nil {
			t.DialContext = limitDial(dial, dialTimeout)
		}
		if t.DialTLSContext != nil {
			t.DialTLSContext = limitDial(t.DialTLSContext, dialTimeout+handshakeTimeout) // both in one
		}
		t.DisableKeepAlives = true
		t.ForceAttemptHTTP2 = false
		t.TLSNextProto = nil
		t.Protocols = new(http.Protocols)
		t.Protocols.SetHTTP1(true)
		if t.TLSClientConfig == nil {
			t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		t.TLSClientConfig.NextProtos = []string{"http/1.1"} // GetTransport has cloned it
	})
}

// limit is d, but never more than most. Zero means no limit to net and net/http.
func limit(d, most time.Duration) time.Duration {
	if d <= 0 {
		return most
	}
	return min(d, most)
}

type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

func limitDial(dial dialFunc, most time.Duration) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, most)
		defer cancel()
		return dial(ctx, network, addr)
	}
}

// Retryer returns a retryer that makes MaxAttempts attempts with a jittered pause of at most MaxBackoff
// between them, on the thousandth call as on the first: it has no quota. It retries what the SDK's
// standard mode retries, and status 429 whatever its error code.
func Retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = MaxAttempts
		o.MaxBackoff = MaxBackoff
		o.Backoff = retry.BackoffDelayerFunc(backoff)
		o.RateLimiter = ratelimit.None
		o.Retryables = append(o.Retryables, retry.RetryableHTTPStatusCode{
			Codes: map[int]struct{}{http.StatusTooManyRequests: {}},
		})
	})
}

// backoff pauses for 50 to 100 % of half of MaxBackoff, and from the second retry on of the whole. The
// SDK's own counts in whole seconds. The SDK counts attempts from one, or from zero where
// AWS_NEW_RETRIES_2026 is set.
func backoff(attempt int, _ error) (time.Duration, error) {
	d := MaxBackoff
	if attempt <= 1 {
		d /= 2
	}
	return d/2 + rand.N(d/2+1), nil
}
