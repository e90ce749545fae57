package valkeycache

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/valkey-io/valkey-go"

	calls "github.com/warmclient/warmclient/internal/guard"
	"github.com/warmclient/warmclient/secrets"
)

const connectTimeout = 2 * time.Second

// An Opener opens clients of a Valkey or Redis server. Its method Open is for the field Open of a
// lazyclient.Holder[valkey.Client]. An Opener has no state. It may be copied, and is safe for
// concurrent use by multiple goroutines.
type Opener struct {
	// Address is the server's host:port. It is required.
	Address string

	// Username is the user to authenticate as. The default is the server's default user. For
	// Momento, it is the name of the database.
	Username string

	// Source returns the password. It is called for each connection, so that a client opened after
	// a rotation has the new password. For Momento, the password is an API key. If Source is nil,
	// there is no password.
	Source secrets.Source

	// Key is the name of the member that holds the password if the secret is a JSON object. Key is
	// ignored if the secret does not begin with {: the whole text is then the password.
	Key string

	// Credentials returns the username and password for each connection. It replaces Username and
	// Source. [ElastiCacheIAM] returns such a function. It must return when ctx is done.
	Credentials func(ctx context.Context) (username, password string, err error)

	// TLS configures TLS. If TLS is nil, the connection uses TLS verified against the system roots,
	// or plain text if Address is a loopback address.
	TLS *tls.Config

	// Options changes the options of the client and is applied last. It can set the size of the
	// buffers or a DialCtxFn through a tunnel, for example. Without AlwaysPipelining, calls do not
	// return when their context is canceled. Without AlwaysRESP2, a server that violates the
	// protocol may end the process.
	Options func(*valkey.ClientOption)

	// ConnectTimeout limits the dial with its TLS handshake, and separately the wait for the first
	// answer of the server, in addition to the context of Open. The default is 2s.
	ConnectTimeout time.Duration
}

// Open fetches the password while it dials, and returns a client when the server has accepted the
// password. The client has only that connection. After the connection breaks, the client's calls
// fail with an error for which IsStale returns true.
//
// If Address has no port or has a scheme, or if Credentials is set together with Username or
// Source, Open returns an error without dialing. No error contains the password or a part of it. An
// error of Source or Credentials is wrapped. If a deadline passes or ctx is done while Open
// connects, the error wraps context.DeadlineExceeded or the cause of ctx.
func (o Opener) Open(ctx context.Context) (valkey.Client, error) {
	if err := checkAddress(o.Address); err != nil {
		// What precedes an @ may be a password.
		return nil, fmt.Errorf("valkeycache: Opener.Address %q: %w", o.Address[strings.LastIndexByte(o.Address, '@')+1:], err)
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
		if c.Client == nil { // also if a function of the user panicked
			dialing.close()
		}
	}()
	username, password, err := o.credentials(within)
	if _, failed := errors.AsType[dialError](context.Cause(within)); err != nil && !failed {
		return nil, err
	}
	<-dialing.done
	if p, ok := dialing.err.(*calls.PanicError); ok {
		panic(p.Unwrap())
	}
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
		AlwaysPipelining:  true,                        // otherwise a call ignores its cancellation
		DisableRetry:      true,                        // the holder replaces the client
		AlwaysRESP2:       true,
		ConnWriteTimeout:  -1, // a call has its context
	}
	option.Dialer.Timeout = limit // also limits the first answer
	// A keep-alive that gets no answer within ten seconds would close a working connection of a
	// process that was frozen. The client's own keep-alive, a PING each second, would close it at
	// once.
	option.Dialer.KeepAlive = -1
	if o.TLS == nil && !isLoopback(o.Address) {
		option.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if o.Options != nil {
		o.Options(&option)
	}
	return option
}

// Release closes c. Use it as the Release field of a holder. The client's Close may wait for up to
// one second for a server that does not answer.
func Release(_ context.Context, c valkey.Client) error {
	if c != nil {
		c.Close()
	}
	return nil
}
