package awshttp

import (
	"net"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdkhttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

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
		d.Timeout = atMost(d.Timeout, ConnectTimeout)
	}).WithTransportOptions(func(t *http.Transport) {
		t.TLSHandshakeTimeout = atMost(t.TLSHandshakeTimeout, ConnectTimeout)
		if dial != nil {
			t.DialContext = limitDial(dial, ConnectTimeout)
		}
		if t.DialTLSContext != nil {
			t.DialTLSContext = limitDial(t.DialTLSContext, ConnectTimeout) // both in one
		}
	})
}
