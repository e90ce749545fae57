package momentocache

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/momentohq/client-sdk-go/momento"
)

// probe is the key of the Get that connects a client, and the name of its cache where Opener.Cache
// names none. Neither has to exist: "no such cache" is an answer then.
const probe = "warmclient-connect"

// connect returns nil once the service has answered a Get on c, within ConnectTimeout and ctx.
//
// The SDK ends each call after perCall, its own timeout, which may be the shorter one (1.1s in its
// configuration for Lambda). The dial goes on beneath such a call, so connect then asks again.
func (o Opener) connect(ctx context.Context, c *client, address string, perCall time.Duration) error {
	limit := o.ConnectTimeout
	if limit <= 0 {
		limit = connectTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		began := time.Now()
		_, err := c.Get(ctx, &momento.GetRequest{CacheName: cmp.Or(o.Cache, probe), Key: momento.String(probe)})
		early := time.Since(began) < perCall
		awaitDeadline(ctx, err)
		if o.Cache != "" && errorCode(err) == momento.CacheNotFoundError {
			return fmt.Errorf("momentocache: connect to %s: Opener.Cache: there is no cache %q: %w", address, o.Cache, c.scrub.err(err))
		}
		if answered(ctx, err, early) {
			return nil
		}
		if ctx.Err() != nil || errorCode(err) != momento.TimeoutError {
			return newCallError(ctx, c, "connect to "+address, err)
		}
	}
}

// answered reports whether err, of a call under ctx, is an answer of the service. early: the call
// ended before the SDK's own timeout.
func answered(ctx context.Context, err error, early bool) bool {
	if err == nil {
		return true
	}
	switch errorCode(err) {
	case momento.TimeoutError:
		return early && ctx.Err() == nil
	case momento.CanceledError:
		return ctx.Err() == nil
	case momento.ServerUnavailableError:
		// A failed dial or handshake looks like a service that calls itself unavailable. Neither is
		// worth keeping a client for.
		return false
	case momento.ClientSdkError, "":
		return false
	default:
		return true
	}
}
