package valkeycache

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/valkey-io/valkey-go"

	"github.com/warmclient/warmclient/secrets"
)

const connectTimeout = 2 * time.Second

// An Opener opens clients of a Valkey or Redis server. Its Open is for the field of that name of a
// lazyclient.Holder[valkey.Client]. It keeps no state: it may be copied, and is safe for concurrent
// use by multiple goroutines.
type Opener struct {
	// Address is the server's host:port. It is required.
	Address string

	// Username is the user to authenticate as. If empty, it is the server's default user. On
	// Momento it is the name of the database.
	Username string

	// Source is where the password is fetched from, anew for each connection, so that a client
	// opened after a rotation has the new one. On Momento the password is an API key. If nil, there
	// is none.
	Source secrets.Source

	// Key names the member that holds the password, where the secret is a JSON object. A text that
	// does not begin with { is the password itself, whatever Key is.
	Key string

	// Credentials returns username and password for each connection, in place of Username and
	// Source. ElastiCacheIAM returns such a function. It must return when ctx is done.
	Credentials func(ctx context.Context) (username, password string, err error)

	// TLS configures TLS. If nil, the connection is TLS that is verified against the roots of the
	// system, but plain text where Address is a loopback address.
	TLS *tls.Config

	// Options changes the options of the client, as the last word: the size of its buffers, for
	// instance, or a DialCtxFn through a tunnel. Without AlwaysPipelining, calls do not return when
	// their context is done. Without AlwaysRESP2, a server that breaks the protocol may end the
	// process.
	Options func(*valkey.ClientOption)

	// ConnectTimeout bounds the dial, with its TLS handshake, and then the wait for the first
	// answer of the server, each, in addition to Open's context. The default is 2s.
	ConnectTimeout time.Duration
}

// Open fetches the password while it dials, and returns a client once the server has accepted the
// password. The client has that one connection. When it breaks, the client is of no more use: its
// calls fail with an error that IsStale reports.
//
// An Address without a port or with a scheme, and Credentials together with Username or Source, are
// errors before anything is dialed. No error holds the password or a piece of it. If time runs out,
// context.DeadlineExceeded or the cause of ctx is in the chain.
func (o Opener) Open(ctx context.Context) (valkey.Client, error) {
	if err := checkAddress(o.Address); err != nil {
		return nil, fmt.Errorf("valkeycache: Opener.Address %q: %w", o.Address, err)
	}
	if o.Credentials != nil && (o.Username != "" || o.Source != nil) {
		return nil, errors.New("valkeycache: Opener.Credentials is set together with Username or Source")
	}
	limit := o.ConnectTimeout
	if limit <= 0 {
		limit = connectTimeout
	}
	c, option := &client{address: o.Address}, o.option(limit)

	within, cancel := context.WithCancelCause(ctx)
	dialing := dial(within, option, limit, cancel)
	defer func() {
		cancel(nil)
		if c.Client == nil { // also where a function of the user's has panicked
			dialing.close()
		}
	}()
	username, password, err := o.credentials(within)
	if _, failed := errors.AsType[dialError](context.Cause(within)); err != nil && !failed {
		return nil, err
	}
	<-dialing.done
	if dialing.err != nil {
		return nil, newCallError(ctx, c, connecting, dialing.err)
	}
	if username != "" || password != "" {
		option.Username, option.Password = username, password
	}
	if err := c.handshake(within, option, dialing.conn); err != nil {
		return nil, newCallError(ctx, c, connecting, err)
	}
	return c, nil
}

const connecting = "connect to"

func (o Opener) option(limit time.Duration) valkey.ClientOption {
	option := valkey.ClientOption{
		InitAddress:       []string{o.Address},
		TLSConfig:         o.TLS,
		ForceSingleClient: true,                        // no CLUSTER
		DisableCache:      true,                        // no CLIENT TRACKING
		ClientSetInfo:     valkey.DisableClientSetInfo, // no CLIENT SETINFO
		PipelineMultiplex: -1,                          // one connection
		AlwaysPipelining:  true,                        // else a call waits for its answer whatever its context
		DisableRetry:      true,                        // the holder replaces the client
		AlwaysRESP2:       true,
		ConnWriteTimeout:  -1, // a call has its context
	}
	option.Dialer.Timeout = limit // also of the first answer
	// A keep-alive without an answer within ten seconds would close a good connection of a process
	// that was frozen. The client's own, a PING each second, would do so at once.
	option.Dialer.KeepAlive = -1
	if o.TLS == nil && !isLoopback(o.Address) {
		option.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if o.Options != nil {
		o.Options(&option)
	}
	return option
}

// Release closes c, for the field of that name of a holder. The client's Close may wait for up to
// one second for a server that is silent.
func Release(_ context.Context, c valkey.Client) error {
	if c != nil {
		c.Close()
	}
	return nil
}
