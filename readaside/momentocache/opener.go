package momentocache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/momentohq/client-sdk-go/config"
	"github.com/momentohq/client-sdk-go/momento"

	"github.com/warmclient/warmclient/secrets"
)

const (
	defaultTTL     = time.Minute
	connectTimeout = 2 * time.Second

	// noKeepAlive is the only keep-alive time that disables keep-alives in grpc-go. It raises
	// shorter times, the SDK's zero included, to ten seconds (grpc.WithKeepaliveParams), and then
	// also closes connections whose data is not acknowledged within twenty seconds
	// (TCP_USER_TIMEOUT).
	noKeepAlive = time.Duration(math.MaxInt64)
)

// An Opener opens clients of Momento Serverless Cache. Its method Open is for the field Open of a
// lazyclient.Holder[momento.CacheClient]. An Opener has no state. It may be copied, and is safe for
// concurrent use by multiple goroutines.
type Opener struct {
	// Source returns the API key. It is called for each client, so that a client opened after a
	// rotation has the new key. It is required.
	Source secrets.Source

	// Key is the name of the member that holds the API key if the secret is a JSON object. Key is
	// ignored if the secret does not begin with {: the whole text is then the API key.
	Key string

	// Endpoint determines the host of the service.
	//
	//	API key                                    Endpoint                dialed
	//	v2 (a JWT with the claim t = g)            the region's endpoint   cache.<endpoint>:443 over TLS
	//	v2                                         ""                      ErrNeedsEndpoint
	//	v1, disposable, or a JWT that names hosts  "" or the key's host    the key's host over TLS
	//	any                                        a loopback host:port    that address in plain text
	//
	// A region's endpoint is a host such as cell-us-east-1-1.prod.a.momentohq.com: see
	// https://docs.momentohq.com/platform/regions. For any other form, and for a host that differs
	// from the key's host, Open returns an error.
	Endpoint string

	// Cache is the name of the cache that Open checks. If the service does not have that cache, or
	// the name is invalid, Open fails. If Cache is "", Open accepts any answer. It should equal the
	// Name of the Cache that uses the client.
	Cache string

	// ConsistentReads makes reads see every write that has returned. By default, the service may
	// answer a read from a replica that lags by a fraction of a second. A consistent read counts as
	// six operations: see https://docs.momentohq.com/cache/develop/api-reference/read-concern.
	ConsistentReads bool

	// DefaultTTL is the time to live of values that are stored with the client without one. The
	// methods of Cache always set one. The default is one minute. DefaultTTL is clamped to the
	// range from 1ms to 24h.
	DefaultTTL time.Duration

	// ConnectTimeout limits the wait for the first answer of the service, in addition to the
	// context of Open. The default is 2s.
	ConnectTimeout time.Duration

	// Config configures the client. The default is the SDK's configuration for Lambda, with a log
	// to slog.Default. Base a custom configuration on config.LambdaLatestWithLogger. Its middleware
	// must return when the call's context is done. A keep-alive time of 0 means none. If there are
	// several gRPC channels, Open waits for one of them.
	//
	// In any configuration, the API key is removed from the SDK's log, and failed calls, which the
	// SDK logs at ERROR, are logged at DEBUG.
	Config config.Configuration
}

// Open fetches the API key, creates a client and returns it when the service has answered one
// request. If there is no answer, Open closes the client and returns an error. If the service
// refuses the API key, Open succeeds: the client's calls then fail with an error for which
// IsAuthError and IsStale return true.
//
// If the API key is malformed, has expired or does not match Endpoint, Open returns an error
// without dialing. The error names the secret and the member, and contains no part of the key. An
// error of Source is wrapped. If a deadline passes or ctx is done while Open connects, the error
// wraps context.DeadlineExceeded or the cause of ctx.
func (o Opener) Open(ctx context.Context) (momento.CacheClient, error) {
	if o.Source == nil {
		return nil, errors.New("momentocache: Opener.Source is nil")
	}
	if err := checkEndpoint(o.Endpoint); err != nil {
		return nil, fmt.Errorf("momentocache: Opener.Endpoint %q: %w", o.Endpoint, err)
	}
	doc, err := o.Source.Fetch(ctx)
	if err != nil {
		return nil, fmt.Errorf("momentocache: fetch the API key: %w", err)
	}
	text, where, err := o.keyIn(doc)
	if err != nil {
		return nil, fmt.Errorf("momentocache: read the API key: %w", err)
	}
	key, err := parseKey(text.Reveal())
	if err != nil {
		return nil, fmt.Errorf("momentocache: API key in %s: %w", where, err)
	}
	hosts, err := key.endpoints(o.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("momentocache: API key in %s: %w", where, err)
	}
	creds, err := newCredentials(key, hosts)
	if err != nil {
		return nil, fmt.Errorf("momentocache: create the client: %w", err)
	}

	scrub := scrubber{key.token}
	cfg := o.configuration(scrub)
	ttl := o.DefaultTTL
	if ttl <= 0 {
		ttl = defaultTTL
	}
	// With an eager timeout of 0, the constructor does not dial. With any other, it dials, ignores
	// ctx for up to 30 seconds, and leaks goroutines if the dial fails.
	sdk, err := momento.NewCacheClientWithEagerConnectTimeout(cfg, creds, clampTTL(ttl), 0)
	if err != nil {
		return nil, fmt.Errorf("momentocache: create the client: %w", scrub.err(err))
	}
	c := &client{sdk, scrub}
	if err := o.connect(ctx, c, hosts.CacheEndpoint.Endpoint, cfg.GetClientSideTimeout()); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// keyIn returns the API key in doc, and its location for errors.
func (o Opener) keyIn(doc secrets.Document) (key secrets.Token, where string, err error) {
	where = fmt.Sprintf("secret %q", doc.Name())
	text, err := doc.Bytes()
	object := err == nil && bytes.HasPrefix(bytes.TrimSpace(text), []byte("{"))
	switch {
	case object && o.Key == "":
		return key, where, fmt.Errorf("%s is a JSON object: set Opener.Key to the member that holds the key", where)
	case object:
		key, err = doc.Key(o.Key)
		return key, fmt.Sprintf("%s, member %q", where, o.Key), err
	default:
		key, err = doc.Text()
		return key, where, err
	}
}

func (o Opener) configuration(scrub scrubber) config.Configuration {
	cfg := o.Config
	if cfg == nil {
		// LambdaLatest without a logger would create the SDK's default logger, whose constructor
		// resets the flags of the standard log package.
		cfg = config.LambdaLatestWithLogger(slogFactory{})
	}
	cfg = cfg.WithRetryStrategy(retryWithinDeadline(cfg.GetRetryStrategy()))
	if o.ConsistentReads {
		cfg = cfg.WithReadConcern(config.CONSISTENT)
	}
	transport := cfg.GetTransportStrategy()
	if grpc := transport.GetGrpcConfig(); grpc.GetKeepAliveTime() == 0 {
		cfg = cfg.WithTransportStrategy(transport.WithGrpcConfig(grpc.WithKeepAliveTime(noKeepAlive)))
	}
	return scrubbedConfig{cfg, scrub}
}

// Release closes c. Use it as the Release field of a holder. The SDK's Close may wait for up to
// five seconds for a peer that does not read.
func Release(_ context.Context, c momento.CacheClient) error {
	if c != nil {
		c.Close()
	}
	return nil
}
