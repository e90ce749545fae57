package valkeycache

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/valkey-io/valkey-go"
)

// A client is the client of valkey-go on one connection, with the scrubber for its errors.
type client struct {
	valkey.Client
	address string
	scrub   scrubber
	window  *window // nil if the connection is not guarded
}

// handshake creates the client on conn, which sends the password and requests RESP2.
func (c *client) handshake(ctx context.Context, option valkey.ClientOption, conn net.Conn) error {
	c.scrub = newScrubber(option.Password)
	if option.AlwaysRESP2 {
		c.window = newWindow(option.RingScaleEachConn)
		guard := &guard{Conn: conn, ended: c.window.breaks}
		c.window.idle, conn = guard.idle, guard
	}
	option.DialCtxFn = once(conn)
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	made, err := valkey.NewClient(option)
	switch {
	case !stop():
		if err == nil {
			made.Close()
		}
		return context.Cause(ctx)
	case err != nil:
		return err
	}
	c.Client = made
	return nil
}

// Do makes a call. If it fails without an answer while its context is not done, the connection is
// broken.
func (c *client) Do(ctx context.Context, cmd valkey.Completed) valkey.ValkeyResult {
	if c.window == nil {
		return broken(ctx, c.Client.Do(ctx, cmd))
	}
	if err := c.window.acquire(ctx); err != nil {
		return valkey.NewErrorResult(err)
	}
	result := c.Client.Do(ctx, cmd)
	c.window.release(abandoned(ctx, result.NonValkeyError()))
	return broken(ctx, result)
}

// abandoned reports whether err is the error of ctx, which is done.
func abandoned(ctx context.Context, err error) bool {
	return err != nil && errors.Is(err, ctx.Err())
}

func broken(ctx context.Context, result valkey.ValkeyResult) valkey.ValkeyResult {
	err := result.NonValkeyError()
	if err == nil || errors.Is(err, errBroken) || abandoned(ctx, err) {
		return result
	}
	return valkey.NewErrorResult(fmt.Errorf("%w: %w", errBroken, err))
}
