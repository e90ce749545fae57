package momentocache

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/momentohq/client-sdk-go/momento"
)

// probe is the key of the Get call that connects a client, and the name of its cache if
// Opener.Cache is "". Neither has to exist: in that case "no such cache" is a successful answer.
const probe = "warmclient-connect"

// connect calls Get on c and returns nil when the service has answered. It returns an error after
// ConnectTimeout or when ctx is done.
//
// The SDK ends each call after perCall, its own timeout, which may be shorter than ConnectTimeout
// (1.1s in its configuration for Lambda). The dial continues after such a call ends, so connect
// calls Get again.
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
		if o.Cache != "" {
			switch errorCode(err) {
			case momento.CacheNotFoundError:
				return newCallError(ctx, c, fmt.Sprintf("connect to %s: Opener.Cache: there is no cache %q", address, o.Cache), err)
			case momento.InvalidArgumentError: // the SDK refuses a blank name without a call
				return newCallError(ctx, c, fmt.Sprintf("connect to %s: Opener.Cache %q", address, o.Cache), err)
			}
		}
		if answered(ctx, err, early) {
			return nil
		}
		if ctx.Err() != nil || errorCode(err) != momento.TimeoutError {
			return newCallError(ctx, c, "connect to "+address, err)
		}
	}
}

// answered reports whether err, returned by a call with ctx, is an answer of the service. early
// reports that the call ended before the SDK's own timeout.
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
		// A failed dial or handshake has the same code as a service that reports that it is
		// unavailable. In both cases the client is closed.
		return false
	case momento.ClientSdkError, "":
		return false
	default:
		return true
	}
}
