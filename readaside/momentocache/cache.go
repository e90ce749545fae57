package momentocache

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/momentohq/client-sdk-go/momento"
	"github.com/momentohq/client-sdk-go/responses"

	"github.com/warmclient/warmclient/lazyclient"
)

const (
	minTTL = time.Millisecond
	maxTTL = 24 * time.Hour // https://docs.momentohq.com/cache/limits
)

// A Cache is one cache of the Momento service as accounts.Cache wants it: a miss
// is (nil, nil) and a value, even an empty one, is not nil.
//
// Set the fields before first use; a Cache must not be copied after it. Its
// methods may be called by several goroutines. Each lends the holder's client
// for the time of the call, and opens it first if need be, within the call's
// context: so a client that is replaced is closed only after its last call, and
// with IsAuthError as the holder's Stale a call that meets a rotated token is
// repeated with a new client, if that opens within the call's time.
//
// Each error wraps the SDK's, and joins it with what that hides: ctx.Err() and
// context.Cause(ctx) if ctx has ended, context.DeadlineExceeded if the SDK's own
// timeout ended the call.
//
// A connection can die while a process is frozen, and nobody tells it. So three
// calls in a row on one client that end in their deadline invalidate that
// client, and the next call opens a new one. Calls that run at the same time count
// as one.
type Cache struct {
	// Client holds the client. Required.
	Client *lazyclient.Holder[momento.CacheClient]

	// Name is the cache's name. Required; the cache must exist.
	Name string

	late lateCalls
}

// Get returns the value under key, nil if there is none.
func (c *Cache) Get(ctx context.Context, key string) ([]byte, error) {
	var value []byte
	err := c.call(ctx, "get from", func(ctx context.Context, client momento.CacheClient) error {
		resp, err := client.Get(ctx, &momento.GetRequest{CacheName: c.Name, Key: momento.String(key)})
		if err != nil {
			return err
		}
		switch resp := resp.(type) {
		case *responses.GetMiss:
			return nil
		case *responses.GetHit:
			if value = resp.ValueByte(); value == nil {
				value = []byte{}
			}
			return nil
		default:
			return fmt.Errorf("unexpected response %T", resp)
		}
	})
	if err != nil {
		return nil, err
	}
	return value, nil
}

// Set stores value under key for ttl, in whole milliseconds. A ttl below one
// millisecond, zero and less included, becomes one millisecond: an entry that is
// gone at once misleads nobody, whereas the SDK takes zero for the client's
// default. A ttl above 24 hours, the service's limit, becomes 24 hours.
func (c *Cache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return c.call(ctx, "set in", func(ctx context.Context, client momento.CacheClient) error {
		_, err := client.Set(ctx, &momento.SetRequest{
			CacheName: c.Name, Key: momento.String(key), Value: momento.Bytes(value), Ttl: clampTTL(ttl),
		})
		return err
	})
}

// SetIfAbsent is Set, unless key has a value already; that is no error.
func (c *Cache) SetIfAbsent(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return c.call(ctx, "set in", func(ctx context.Context, client momento.CacheClient) error {
		_, err := client.SetIfAbsent(ctx, &momento.SetIfAbsentRequest{
			CacheName: c.Name, Key: momento.String(key), Value: momento.Bytes(value), Ttl: clampTTL(ttl),
		})
		return err
	})
}

// ObeysContext tells package accounts that a call returns when its context ends, so
// that it need not be made on a goroutine of its own. The SDK's client does; a
// CacheClient of one's own, in Client, must too.
func (*Cache) ObeysContext() bool { return true }

// call runs fn with the holder's client, twice where the first try told that
// the client is stale.
func (c *Cache) call(ctx context.Context, op string, fn func(context.Context, momento.CacheClient) error) error {
	if c.Client == nil {
		return errors.New("momentocache: Cache.Client is nil")
	}
	if ctx.Err() != nil {
		return c.failed(ctx, op, nil)
	}
	var own error // what the last run of fn returned
	err := c.Client.Use(ctx, func(ctx context.Context, client momento.CacheClient) error {
		own = nil
		began := time.Now()
		if err := fn(ctx, client); err != nil {
			own = c.failed(ctx, op, err)
		}
		if c.late.note(ctx, client, began, own) {
			lazyclient.Invalidate(c.Client, client)
		}
		return own
	})
	if err == nil || err == own {
		return err
	}
	return c.failed(ctx, op, err)
}

func (c *Cache) failed(ctx context.Context, op string, err error) error {
	return newCallError(ctx, fmt.Sprintf("%s cache %q", op, c.Name), err)
}

func clampTTL(ttl time.Duration) time.Duration {
	return min(max(ttl, minTTL), maxTTL)
}
