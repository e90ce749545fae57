package momentocache

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/momentohq/client-sdk-go/momento"
	"github.com/momentohq/client-sdk-go/responses"

	"github.com/warmclient/warmclient/internal/lateness"
	"github.com/warmclient/warmclient/lazyclient"
	"github.com/warmclient/warmclient/readaside"
)

const (
	minTTL = time.Millisecond
	maxTTL = 24 * time.Hour // https://docs.momentohq.com/cache/limits
)

// A Cache implements readaside.Cache with one cache of the Momento service. It is safe for
// concurrent use by multiple goroutines. Set the fields before the first call; a Cache must not be
// copied after it.
//
// Each call uses the holder's client, so a replaced client is closed after its last call. Get,
// SetIfAbsent and SetIfEqual do not wait for an in-flight open. Set and Delete wait for it until
// their context is done, because other processes may have cached the value that they replace. If
// there is no client, the error wraps readaside.ErrNotReady and the reason. A cold start or a
// rotation is not a failure of the cache.
//
// If the holder's Stale is IsStale, a client whose API key is refused is replaced, and Set and
// Delete are retried with the new client. A client whose connection is presumed dead, for example
// after a freeze, is also replaced. That is the case after three calls in a row that exceeded their
// deadline and ran for at least 25ms. It happens at most once a minute.
//
// A ttl is truncated to whole milliseconds and clamped to the range from 1ms to 24h, the service's
// limit. Errors wrap the SDK's error. Because the SDK's error does not, they also wrap
// context.DeadlineExceeded if a deadline passed, and ctx.Err() and context.Cause(ctx) if ctx is
// done.
type Cache struct {
	// Client holds the client. It is required.
	Client *lazyclient.Holder[momento.CacheClient]

	// Name is the cache's name. It is required, and the cache must exist.
	Name string

	calls lateness.Calls
}

var _ readaside.Cache = (*Cache)(nil)

// Get returns the value under key. A miss is nil, nil.
func (c *Cache) Get(ctx context.Context, key string) (value []byte, err error) {
	err = c.call(ctx, "get from", false, func(ctx context.Context, client momento.CacheClient) error {
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

// Set stores value under key.
func (c *Cache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return c.call(ctx, "set in", true, func(ctx context.Context, client momento.CacheClient) error {
		_, err := client.Set(ctx, &momento.SetRequest{
			CacheName: c.Name, Key: momento.String(key), Value: momento.Bytes(value), Ttl: clampTTL(ttl),
		})
		return err
	})
}

// SetIfAbsent stores value under key if nothing is stored there, and reports whether it did.
func (c *Cache) SetIfAbsent(ctx context.Context, key string, value []byte, ttl time.Duration) (stored bool, err error) {
	err = c.call(ctx, "set in", false, func(ctx context.Context, client momento.CacheClient) error {
		resp, err := client.SetIfAbsent(ctx, &momento.SetIfAbsentRequest{
			CacheName: c.Name, Key: momento.String(key), Value: momento.Bytes(value), Ttl: clampTTL(ttl),
		})
		_, stored = resp.(*responses.SetIfAbsentStored)
		return err
	})
	return stored && err == nil, err
}

// SetIfEqual stores value under key if old is stored there, and reports whether it did.
func (c *Cache) SetIfEqual(ctx context.Context, key string, old, value []byte, ttl time.Duration) (stored bool, err error) {
	err = c.call(ctx, "set in", false, func(ctx context.Context, client momento.CacheClient) error {
		resp, err := client.SetIfEqual(ctx, &momento.SetIfEqualRequest{
			CacheName: c.Name, Key: momento.String(key), Equal: momento.Bytes(old), Value: momento.Bytes(value), Ttl: clampTTL(ttl),
		})
		_, stored = resp.(*responses.SetIfEqualStored)
		return err
	})
	return stored && err == nil, err
}

// Delete removes the value under key, if there is one.
func (c *Cache) Delete(ctx context.Context, key string) error {
	return c.call(ctx, "delete from", true, func(ctx context.Context, client momento.CacheClient) error {
		_, err := client.Delete(ctx, &momento.DeleteRequest{CacheName: c.Name, Key: momento.String(key)})
		return err
	})
}

// call calls fn with the holder's client. It calls Use if waits is set, and TryUse otherwise. It
// calls both directly, so that the compiler keeps the closures on the stack, and completes op only
// if the call fails.
func (c *Cache) call(ctx context.Context, op string, waits bool, fn func(context.Context, momento.CacheClient) error) error {
	if c.Client == nil {
		return errors.New("momentocache: Cache.Client is nil")
	}
	if ctx.Err() != nil {
		return newCallError(ctx, nil, c.describe(op), nil)
	}
	var own error // of the last run of fn
	ran := false
	run := func(ctx context.Context, client momento.CacheClient) error {
		ran, own = true, nil
		began := time.Now()
		if err := fn(ctx, client); err != nil {
			own = newCallError(ctx, client, c.describe(op), err)
		}
		own = c.calls.Judge(ctx, client, began, own)
		return own
	}
	var err error
	if waits {
		err = c.Client.Use(ctx, run)
	} else {
		err = c.Client.TryUse(ctx, run)
	}
	switch _, failed := errors.AsType[*lazyclient.OpenError](err); {
	case err == nil:
		return nil
	case failed, errors.Is(err, lazyclient.ErrOpening), !ran && ctx.Err() != nil, IsStale(own) && ctx.Err() != nil:
		return notReady(c.describe(op), err)
	case ran:
		return err
	default: // the holder is closed
		return newCallError(ctx, nil, c.describe(op), err)
	}
}

// describe completes op, such as "get from".
func (c *Cache) describe(op string) string { return fmt.Sprintf("%s cache %q", op, c.Name) }

func clampTTL(ttl time.Duration) time.Duration {
	return min(max(ttl, minTTL), maxTTL)
}
