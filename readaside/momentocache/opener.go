package momentocache

import (
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

	// noKeepAlive is the only keep-alive time that grpc-go takes for "never":
	// it raises anything below ten seconds, the SDK's zero included, to ten
	// seconds (grpc.WithKeepaliveParams), and then also closes connections
	// whose data stays unacknowledged for twenty (TCP_USER_TIMEOUT).
	noKeepAlive = time.Duration(math.MaxInt64)
)

// An Opener opens Momento clients. Its Open is what a
// lazyclient.Holder[momento.CacheClient] asks for; it keeps no state, so it may
// be copied and used by several goroutines.
type Opener struct {
	// Source is where the token is fetched from, anew for each client, so that
	// a client opened after a rotation carries the new token. Required.
	Source secrets.Source

	// Key names the member of the secret that holds the token, where the
	// secret is a JSON object. "": the secret's whole text is the token.
	Key string

	// DefaultTTL is the time to live of values stored through the client
	// without one of their own, which Cache never does. 0 or less: one minute.
	// It is clamped as Cache.Set clamps.
	DefaultTTL time.Duration

	// ConnectTimeout bounds the wait for the service's first answer, on top of
	// the bound that Open's context sets. 0 or less: 2 seconds.
	ConnectTimeout time.Duration

	// Endpoint is the host:port of a server without TLS to use instead of the
	// service that the token names, for local runs and tests. Since the token
	// is sent to it in plain text, it must be a loopback address or localhost.
	// "": the service that the token names, over TLS.
	Endpoint string

	// Config tunes the client. nil: the SDK's settings for Lambda, with its log
	// in slog.Default, one level lower for what it calls Info. Settings of your
	// own start best from config.LambdaLatestWithLogger. Middleware of your own runs
	// on the request's goroutine, so it must obey its context. A keep-alive time of 0
	// means none here. Of several gRPC channels Open waits for one.
	Config config.Configuration
}

// Open fetches the token, refuses it if it can never work, creates a client and
// returns it once the service has answered one request. Any answer will do: a
// refused token comes back from the client's calls as an error that IsAuthError
// knows, for the holder's Stale. Without an answer the client is closed and the
// error says why; a wait that was cut short has context.DeadlineExceeded or the
// context's cause in the chain beside the SDK's own error.
//
// A token is refused that is malformed, has expired, or names no endpoint
// (unless Endpoint is set). The error names the secret and the key, never a
// piece of the token.
func (o Opener) Open(ctx context.Context) (momento.CacheClient, error) {
	if o.Source == nil {
		return nil, errors.New("momentocache: Opener.Source is nil")
	}
	if err := checkEndpoint(o.Endpoint); err != nil {
		return nil, fmt.Errorf("momentocache: Opener.Endpoint %q: %w", o.Endpoint, err)
	}
	doc, err := o.Source.Fetch(ctx)
	if err != nil {
		return nil, fmt.Errorf("momentocache: fetch the token: %w", err)
	}
	token, err := member(doc, o.Key)
	if err != nil {
		return nil, fmt.Errorf("momentocache: read the token: %w", err)
	}
	creds, err := newCredentials(token, o.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("momentocache: %s: %w", origin(doc, o.Key), err)
	}

	cfg := o.configuration()
	ttl := o.DefaultTTL
	if ttl <= 0 {
		ttl = defaultTTL
	}
	// An eager timeout of 0 creates the client without dialling. Any other
	// dials inside the constructor, deaf to ctx, for up to 30 seconds, and
	// drops the parts made so far, with their goroutines, when that fails.
	client, err := momento.NewCacheClientWithEagerConnectTimeout(cfg, creds, clampTTL(ttl), 0)
	if err != nil {
		return nil, fmt.Errorf("momentocache: create the client: %w", scrubbed(err))
	}
	limit := o.ConnectTimeout
	if limit <= 0 {
		limit = connectTimeout
	}
	if err := connect(ctx, client, limit, cfg.GetClientSideTimeout()); err != nil {
		client.Close()
		return nil, err
	}
	return client, nil
}

func (o Opener) configuration() config.Configuration {
	cfg := o.Config
	if cfg == nil {
		// LambdaLatest without a logger would make the SDK's default one, whose
		// constructor resets the flags of the standard log package.
		cfg = config.LambdaLatestWithLogger(slogFactory{})
	}
	cfg = cfg.WithRetryStrategy(punctually(cfg.GetRetryStrategy()))
	transport := cfg.GetTransportStrategy()
	if grpc := transport.GetGrpcConfig(); grpc.GetKeepAliveTime() == 0 {
		cfg = cfg.WithTransportStrategy(transport.WithGrpcConfig(grpc.WithKeepAliveTime(noKeepAlive)))
	}
	return cfg
}

// member is secrets.Load's choice for a document that is already here: its name
// is needed for the errors.
func member(doc secrets.Document, key string) (secrets.Token, error) {
	if key == "" {
		return doc.Text()
	}
	return doc.Key(key)
}

// origin says where a token came from.
func origin(doc secrets.Document, key string) string {
	if key == "" {
		return fmt.Sprintf("token in secret %q", doc.Name())
	}
	return fmt.Sprintf("token in secret %q, key %q", doc.Name(), key)
}

// closeWait is what a call that happens to drop the last reference to a client may
// spend on it. A close takes microseconds where the connection is alive.
const closeWait = 5 * time.Millisecond

// Release closes a client; it is meant for the Release field of a holder. The
// SDK's Close waits up to five seconds for a peer that no longer reads. Release may
// run on a request's goroutine, so it waits for 5 ms, or until ctx ends, and then
// returns an error that says so while Close goes on.
func Release(ctx context.Context, c momento.CacheClient) error {
	if c == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, closeWait)
	defer cancel()
	closed := make(chan any, 1)
	go func() {
		// A panic on this goroutine would end the process; it belongs to the caller.
		defer func() { closed <- recover() }()
		c.Close()
	}()
	select {
	case p := <-closed:
		if p != nil {
			panic(p)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("momentocache: close the client: still busy: %w", context.Cause(ctx))
	}
}
