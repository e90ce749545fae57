// Package awshttp is the one place for the connection and retry settings of
// this module's AWS clients.
package awshttp

import (
	"context"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sdkhttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// ConnectTimeout bounds a dial, name resolution included, and then a TLS
// handshake. A service in the same region connects within milliseconds; the
// SDK would wait for 30 s and 10 s.
const ConnectTimeout = time.Second

// LimitConnect returns client with its dial and its TLS handshake bounded by
// ConnectTimeout each. Shorter limits and a DialContext of the user's own are
// kept. Only the SDK's BuildableClient is changed (as a copy): any other
// client, for example an *http.Client, is its owner's affair, as it is to the
// SDK itself.
//
// Call it from a service option: the SDK applies DefaultsMode, which sets both
// limits too, before those.
func LimitConnect(client aws.HTTPClient) aws.HTTPClient {
	buildable, ok := client.(*sdkhttp.BuildableClient)
	if !ok {
		return client
	}
	// WithDialerOptions replaces DialContext, so what was there is put back.
	dial := buildable.GetTransport().DialContext
	return buildable.WithDialerOptions(func(d *net.Dialer) {
		d.Timeout = limit(d.Timeout)
	}).WithTransportOptions(func(t *http.Transport) {
		t.TLSHandshakeTimeout = limit(t.TLSHandshakeTimeout)
		if dial != nil {
			t.DialContext = limitDial(dial)
		}
		if t.DialTLSContext != nil {
			t.DialTLSContext = limitDial(t.DialTLSContext) // both in one
		}
	})
}

// limit is d, but never more than ConnectTimeout; zero means no limit to net
// and net/http.
func limit(d time.Duration) time.Duration {
	if d <= 0 {
		return ConnectTimeout
	}
	return min(d, ConnectTimeout)
}

type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

func limitDial(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, ConnectTimeout)
		defer cancel()
		return dial(ctx, network, addr)
	}
}

// Retryer makes up to attempts attempts, the first included, with a jittered
// pause that starts at half of maxBackoff and never exceeds it. It retries what
// the SDK's standard mode retries, and status 429 whatever its error code.
func Retryer(attempts int, maxBackoff time.Duration) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.MaxBackoff = maxBackoff
		// The SDK's own backoff counts in whole seconds: below one, it would
		// pause for exactly maxBackoff each time, and all clients in step.
		o.Backoff = backoff(maxBackoff)
		o.Retryables = append(o.Retryables, retry.RetryableHTTPStatusCode{
			Codes: map[int]struct{}{http.StatusTooManyRequests: {}},
		})
	})
}

// backoff pauses for 50 to 100 % of maxBackoff/2, and from the second retry on
// of maxBackoff. The SDK counts attempts from one, or from zero where
// AWS_NEW_RETRIES_2026 is set.
func backoff(maxBackoff time.Duration) retry.BackoffDelayer {
	return retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) {
		d := maxBackoff
		if attempt <= 1 {
			d /= 2
		}
		return d/2 + rand.N(d/2+1), nil
	})
}
