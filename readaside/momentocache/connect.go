package momentocache

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/momentohq/client-sdk-go/momento"
)

// probe names the cache and the key of the Get that connects a client. Neither
// has to exist: "no such cache" is an answer.
const probe = "warmclient-connect"

// connect returns nil once the service has answered a Get on client, within
// limit and ctx.
//
// The SDK ends each call after perCall, its own timeout, which may be the
// shorter one (1.1 s in its settings for Lambda). The dial goes on beneath such
// a call, so connect then asks again.
func connect(ctx context.Context, client momento.CacheClient, limit, perCall time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		began := time.Now()
		_, err := client.Get(ctx, &momento.GetRequest{CacheName: probe, Key: momento.String(probe)})
		early := time.Since(began) < perCall
		awaitDeadline(ctx, err)
		if answered(ctx, err, early) {
			return nil
		}
		if ctx.Err() != nil || errorCode(err) != momento.TimeoutError {
			return newCallError(ctx, "connect", err)
		}
	}
}

// answered reports whether err, of a call under ctx, is an answer of the
// service. early: the call ended before the SDK's own timeout.
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
		// A failed dial or handshake looks just like a service that calls
		// itself unavailable; neither is worth keeping a client for.
		return false
	case momento.ClientSdkError, "":
		return false
	default:
		return true
	}
}

// checkEndpoint allows "" and the addresses that a plain-text token cannot
// leave the machine by.
func checkEndpoint(endpoint string) error {
	if endpoint == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(endpoint)
	if err != nil {
		return errors.New("not of the form host:port")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return errors.New("port is not a number from 1 to 65535")
	}
	if strings.EqualFold(host, "localhost") {
		return nil
	}
	if addr, err := netip.ParseAddr(host); err != nil || !addr.Unmap().IsLoopback() {
		return errors.New("not a loopback address, and the token is sent to it in plain text")
	}
	return nil
}
