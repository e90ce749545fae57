package awshttp

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdkhttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// Client is an [aws.HTTPClient] for processes whose connections may die silently, as they do while
// a process is frozen. It is a separate type because the SDK replaces the limits of a
// BuildableClient with those of its DefaultsMode. It is safe for concurrent use by multiple
// goroutines.
type Client struct {
	template *http.Transport // cloned for each pool, not used directly
	timeout  time.Duration   // of a whole exchange, as set on the BuildableClient; 0 means none
	attempt  time.Duration   // for the answer's headers in the first attempt; 0 means none

	mu   sync.Mutex
	pool *pool // for new calls; nil before the first
}

// From returns client with the limits of this package, and true. A nil client means the SDK's
// default client. A BuildableClient keeps the settings of its transport, its timeout and its
// stricter limits, but not its read timeout. A *Client is returned unchanged. For any other client,
// From returns nil and false, because its owner configures it.
func From(client aws.HTTPClient) (*Client, bool) {
	switch c := client.(type) {
	case nil:
		return limited(sdkhttp.NewBuildableClient()), true
	case *sdkhttp.BuildableClient:
		return limited(c), true
	case *Client:
		return c, true
	default:
		return nil, false
	}
}

func limited(b *sdkhttp.BuildableClient) *Client {
	t := b.GetTransport()
	limitDials(t, b.GetDialer().DialContext, ConnectTimeout)
	t.TLSHandshakeTimeout = atMost(t.TLSHandshakeTimeout, ConnectTimeout)
	t.IdleConnTimeout = atMost(t.IdleConnTimeout, idleTimeout)
	return &Client{template: t, timeout: b.GetTimeout()}
}

// WithAttemptTimeout returns a client with the settings of c, separate connections, and a limit for
// each attempt. The first attempt of a call waits at most d for the headers of the answer,
// connecting included. The limit doubles with each attempt. Zero means no limit. It returns c if c
// already has this limit.
func (c *Client) WithAttemptTimeout(d time.Duration) *Client {
	d = max(d, 0)
	if d == c.attempt {
		return c
	}
	return &Client{template: c.template, timeout: c.timeout, attempt: d}
}

// WithoutKeepAlive returns a client with the settings of c that opens a connection for each call,
// with the given limit for the dial, and uses only HTTP/1.1. Over HTTP/2, or on an idle connection,
// net/http would read data that arrives after the answer and write it to the standard log.
func (c *Client) WithoutKeepAlive(dial time.Duration) *Client {
	t := c.template.Clone()
	limitDials(t, nil, dial)
	t.DisableKeepAlives = true
	disableHTTP2(t)
	return &Client{template: t, timeout: c.timeout, attempt: c.attempt}
}

// Do sends a request and returns its answer, whose body must be closed.
//
// The limit of an attempt applies until the answer's headers arrive. It does not limit the body. If
// the limit passes after the request got a connection, calls that begin later use new connections:
// this connection and others of the same age may be dead, and an HTTP/2 connection is not closed
// when a call on it ends.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	p := c.current()
	ctx, cancel := context.WithCancel(req.Context())
	var timer *time.Timer
	var connected atomic.Bool
	limit := c.limitOf(req)
	if limit > 0 {
		timer = time.AfterFunc(limit, cancel)
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
		})
	}
	res, err := p.client.Do(req.WithContext(ctx)) //nolint:gosec // the request is the SDK's
	if timer != nil && !timer.Stop() {
		if connected.Load() {
			c.retire(p)
		}
		if req.Context().Err() == nil {
			if err == nil { // the headers arrived as the limit passed, and the body is canceled
				_ = res.Body.Close()
			}
			res, err = nil, &attemptError{host: req.URL.Host, limit: limit}
		}
	}
	if err != nil {
		cancel()
		return nil, err
	}
	res.Body = &body{ReadCloser: res.Body, closed: cancel}
	return res, nil
}

// CloseIdleConnections closes the connections that are idle.
func (c *Client) CloseIdleConnections() {
	c.mu.Lock()
	p := c.pool
	c.mu.Unlock()
	if p != nil {
		p.transport.CloseIdleConnections()
	}
}

// pool is a transport and its connections.
type pool struct {
	transport *http.Transport
	client    *http.Client
}

func (c *Client) current() *pool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pool == nil {
		t := c.template.Clone()
		c.pool = &pool{
			transport: t,
			client:    &http.Client{Transport: t, CheckRedirect: redirect, Timeout: c.timeout},
		}
	}
	return c.pool
}

// retire removes p from use by new calls. Calls in progress continue, and their connections are
// closed after the idle timeout at the latest.
func (c *Client) retire(p *pool) {
	c.mu.Lock()
	if c.pool == p {
		c.pool = nil
	}
	c.mu.Unlock()
	p.transport.CloseIdleConnections()
}
