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

	// noKeepAlive is the only keep-alive time that grpc-go takes for "never": it raises anything
	// below ten seconds, the SDK's zero included, to ten seconds (grpc.WithKeepaliveParams), and then
	// also closes connections whose data stays unacknowledged for twenty (TCP_USER_TIMEOUT).
	noKeepAlive = time.Duration(math.MaxInt64)
)

// An Opener opens clients of Momento Serverless Cache. Its Open is for the field of that name of a
// lazyclient.Holder[momento.CacheClient]. It keeps no state: it may be copied, and is safe for
// concurrent use by multiple goroutines.
type Opener struct {
	// Source is where the API key is fetched from, anew for each client, so that a client opened
	// after a rotation carries the new key. It is required.
	Source secrets.Source

	// Key names the member that holds the API key, where the secret is a JSON object. A text that
	// does not begin with { is the API key itself, whatever Key is.
	Key string

	// Endpoint says where the service is.
	//
	//	API key                                    Endpoint                dialed
	//	v2 (a JWT with the claim t = g)            the region's endpoint   cache.<endpoint>:443 over TLS
	//	v2                                         ""                      ErrNeedsEndpoint
	//	v1, disposable, or a JWT that names hosts  "" or the key's host    the key's host over TLS
	//	any                                        a loopback host:port    that address in plain text
	//
	// A region's endpoint is a host such as cell-us-east-1-1.prod.a.momentohq.com: see
	// https://docs.momentohq.com/platform/regions. Any other form, and a host other than the key's,
	// is an error of Open.
	Endpoint string

	// Cache is the cache that Open asks for. If the service does not have it, Open fails. If empty,
	// any answer of the service will do. It should be the Name of the Cache that uses the client.
	Cache string

	// ConsistentReads makes reads see every write that has returned. By default the service may
	// answer a read from a replica, which lags for a fraction of a second. A consistent read counts
	// as six operations: see https://docs.momentohq.com/cache/develop/api-reference/read-concern.
	ConsistentReads bool

	// DefaultTTL is the time to live of values that are stored through the client without one. The
	// methods of Cache always give one. The default is one minute. It is clamped to 1ms ... 24h.
	DefaultTTL time.Duration

	// ConnectTimeout bounds the wait for the first answer of the service, in addition to Open's
	// context. The default is 2s.
	ConnectTimeout time.Duration

	// Config tunes the client. If nil, it is the SDK's configuration for Lambda, whose log goes to
	// slog.Default. A configuration of your own starts best from config.LambdaLatestWithLogger. Its
	// middleware must return when the call's context is done. A keep-alive time of 0 means none. Of
	// several gRPC channels Open waits for one.
	//
	// Whatever the configuration, the API key is removed from what the SDK logs, and failed calls,
	// which the SDK logs at ERROR, are logged at DEBUG.
	Config config.Configuration
}

// Open fetches the API key, creates a client and returns it once the service has answered one
// request. Without an answer the client is closed. An API key that is refused does not fail Open: the
// client's calls then fail with an error that IsAuthError reports, for the holder's Stale.
//
// An API key that is malformed or has expired, and one that does not fit Endpoint, is an error before
// anything is dialed. The error names the secret and the member, and holds nothing of the key. If
// time runs out, context.DeadlineExceeded or the cause of ctx is in the chain.
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
	// An eager timeout of 0 creates the client without dialing. Any other dials inside the
	// constructor, ignores ctx for up to 30 seconds, and drops the parts made so far, with their
	// goroutines, when that fails.
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

// keyIn returns the API key in doc, and where it stands there.
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
		// LambdaLatest without a logger would make the SDK's default one, whose constructor resets
		// the flags of the standard log package.
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
	return quiet{cfg, scrub}
}

// Release closes c, for the field of that name of a holder. The SDK's Close may wait for up to five
// seconds for a peer that no longer reads.
func Release(_ context.Context, c momento.CacheClient) error {
	if c != nil {
		c.Close()
	}
	return nil
}
