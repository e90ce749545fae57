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

// Client is an [aws.HTTPClient] whose connections may die without a word, as those of a process
// that was frozen do. It has a type of its own because the SDK replaces the limits of a
// BuildableClient with those of its DefaultsMode. It is safe for concurrent use by multiple
// goroutines.
type Client struct {
	template *http.Transport // cloned for each pool, never used itself
	timeout  time.Duration   // of a whole exchange, as set on the BuildableClient; 0: none
	attempt  time.Duration   // until an answer's headers, of the first attempt; 0: none

	mu   sync.Mutex
	pool *pool // for new calls; nil before the first
}

// From returns client with the limits of this package, and true. A nil client is the SDK's own. A
// BuildableClient keeps its transport's settings, stricter limits and its timeout among them, but
// not its read timeout. A *Client is returned as it is. Any other client is its owner's affair, as
// it is to the SDK: the result is nil and false.
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

// WithAttemptTimeout returns a client with the settings of c and connections of its own that waits
// at most d for the headers of an answer, connecting included, when a call is attempted for the
// first time, 2d the second time, and so on. Zero means no limit. It returns c where c has this
// limit.
func (c *Client) WithAttemptTimeout(d time.Duration) *Client {
	d = max(d, 0)
	if d == c.attempt {
		return c
	}
	return &Client{template: c.template, timeout: c.timeout, attempt: d}
}

// WithoutKeepAlive returns a client with the settings of c that opens a connection for each call,
// dials for at most the given time, and speaks HTTP/1.1 only. Over HTTP/2, or on an idle
// connection, net/http would read what arrives after the answer, and print it to the standard log.
func (c *Client) WithoutKeepAlive(dial time.Duration) *Client {
	t := c.template.Clone()
	limitDials(t, nil, dial)
	t.DisableKeepAlives = true
	speakHTTP1(t)
	return &Client{template: t, timeout: c.timeout, attempt: c.attempt}
}

// Do sends a request and returns its answer, whose body must be closed.
//
// The limit of an attempt ends with the answer's headers: it does not cut the body. Where it passes
// on a connection, calls that begin later use new ones: the connection may be dead, those of the
// same age with it, and an HTTP/2 connection is not closed by a call that ends on it.
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
			if err == nil { // at the same time; its body is canceled
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

// pool is a transport with its connections.
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

// retire keeps p from new calls. Those under way go on, and their connections end with them, or
// when they have been idle for too long.
func (c *Client) retire(p *pool) {
	c.mu.Lock()
	if c.pool == p {
		c.pool = nil
	}
	c.mu.Unlock()
	p.transport.CloseIdleConnections()
}
