package valkeycache

import (
	"context"
	"crypto/tls"
	"net"
	"sync/atomic"
	"time"

	"github.com/valkey-io/valkey-go"

	calls "github.com/warmclient/warmclient/internal/guard"
)

// A dialing dials the connection of a client while the password is being fetched.
type dialing struct {
	done chan struct{}
	conn net.Conn
	err  error
}

// A dialError is the cause of a context that was canceled because the dial failed.
type dialError struct{ error }

// dial starts to connect with the settings of option, for at most limit. If the dial fails, it
// calls cancel, so that the password is not fetched.
func dial(ctx context.Context, option valkey.ClientOption, limit time.Duration, cancel context.CancelCauseFunc) *dialing {
	d := &dialing{done: make(chan struct{})}
	go func() {
		defer close(d.done)
		ctx, stop := context.WithTimeout(ctx, limit)
		defer stop()
		r := <-calls.Go(func() (net.Conn, error) { return connect(ctx, option) })
		if d.conn, d.err = r.Value, r.Err; d.err != nil {
			cancel(dialError{d.err})
		}
	}()
	return d
}

func connect(ctx context.Context, option valkey.ClientOption) (net.Conn, error) {
	address := option.InitAddress[0]
	switch {
	case option.DialCtxFn != nil: // of Opener.Options
		return option.DialCtxFn(ctx, address, &option.Dialer, option.TLSConfig)
	case option.TLSConfig != nil:
		dialer := tls.Dialer{NetDialer: &option.Dialer, Config: option.TLSConfig}
		return dialer.DialContext(ctx, "tcp", address)
	default:
		return option.Dialer.DialContext(ctx, "tcp", address)
	}
}

// close closes the connection, or waits for the dial to end if there is no connection yet.
func (d *dialing) close() {
	<-d.done
	if d.conn != nil {
		_ = d.conn.Close()
	}
}

// once returns a DialCtxFn that returns conn on the first call and an error afterwards. When its
// connection is broken, the client dials again and would authenticate with a password that may be
// outdated.
func once(conn net.Conn) func(context.Context, string, *net.Dialer, *tls.Config) (net.Conn, error) {
	var dialed atomic.Bool
	return func(context.Context, string, *net.Dialer, *tls.Config) (net.Conn, error) {
		if dialed.Swap(true) {
			return nil, errBroken
		}
		return conn, nil
	}
}
