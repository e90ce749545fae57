package valkeycache

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/valkey-io/valkey-go"

	"github.com/warmclient/warmclient/internal/lateness"
	"github.com/warmclient/warmclient/lazyclient"
	"github.com/warmclient/warmclient/readaside"
)

// setIfEqual takes one round trip. A script is atomic. EVAL does not require a SCRIPT LOAD, so it
// also works after a change of the server.
const setIfEqual = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`

// A Cache implements readaside.Cache with a Valkey or Redis server. It is safe for concurrent use
// by multiple goroutines. Set the field before the first call; a Cache must not be copied after it.
//
// Each call uses the holder's client, so a replaced client is closed after its last call. Get,
// SetIfAbsent and SetIfEqual do not wait for an in-flight open. Set and Delete wait for it until
// their context is done, because other processes may have cached the value that they replace. If
// there is no client, the error wraps readaside.ErrNotReady and the reason. A cold start, a
// rotation or a closed connection is not a failure of the cache.
//
// If the holder's Stale is IsStale, a client whose connection is broken, whose password is refused
// or whose server has become a replica is replaced, and Set and Delete are retried with the new
// client. A client whose connection is presumed dead, for example after a freeze, is also replaced.
// That is the case after three calls in a row that exceeded their deadline and ran for at least
// 25ms. It happens at most once a minute.
//
// A ttl is truncated to whole milliseconds and is at least 1ms. Errors wrap the client's error, and
// context.Cause(ctx) if ctx is done.
type Cache struct {
	// Client holds the client. It is required.
	Client *lazyclient.Holder[valkey.Client]

	calls lateness.Calls
}

var _ readaside.Cache = (*Cache)(nil)

// Get returns the value under key. A miss is nil, nil.
func (c *Cache) Get(ctx context.Context, key string) (value []byte, err error) {
	err = c.call(ctx, "get from", (*holder).TryUse, func(ctx context.Context, client valkey.Client) error {
		var err error
		value, err = client.Do(ctx, client.B().Get().Key(key).Build()).AsBytes()
		if valkey.IsValkeyNil(err) {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return value, nil
}

// Set stores value under key.
func (c *Cache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return c.call(ctx, "set in", (*holder).Use, func(ctx context.Context, client valkey.Client) error {
		return client.Do(ctx, client.B().Set().Key(key).Value(valkey.BinaryString(value)).
			PxMilliseconds(milliseconds(ttl)).Build()).Error()
	})
}

// SetIfAbsent stores value under key if nothing is stored there, and reports whether it did.
func (c *Cache) SetIfAbsent(ctx context.Context, key string, value []byte, ttl time.Duration) (stored bool, err error) {
	err = c.call(ctx, "set in", (*holder).TryUse, func(ctx context.Context, client valkey.Client) error {
		err := client.Do(ctx, client.B().Set().Key(key).Value(valkey.BinaryString(value)).
			Nx().PxMilliseconds(milliseconds(ttl)).Build()).Error()
		if valkey.IsValkeyNil(err) {
			return nil
		}
		stored = err == nil
		return err
	})
	return stored && err == nil, err
}

// SetIfEqual stores value under key if old is stored there, and reports whether it did.
func (c *Cache) SetIfEqual(ctx context.Context, key string, old, value []byte, ttl time.Duration) (stored bool, err error) {
	err = c.call(ctx, "set in", (*holder).TryUse, func(ctx context.Context, client valkey.Client) error {
		n, err := client.Do(ctx, client.B().Eval().Script(setIfEqual).Numkeys(1).Key(key).
			Arg(valkey.BinaryString(old), valkey.BinaryString(value), strconv.FormatInt(milliseconds(ttl), 10)).
			Build()).AsInt64()
		stored = n == 1
		return err
	})
	return stored && err == nil, err
}

// Delete removes the value under key, if there is one.
func (c *Cache) Delete(ctx context.Context, key string) error {
	return c.call(ctx, "delete from", (*holder).Use, func(ctx context.Context, client valkey.Client) error {
		return client.Do(ctx, client.B().Del().Key(key).Build()).Error()
	})
}

type (
	holder   = lazyclient.Holder[valkey.Client]
	callFunc = func(ctx context.Context, client valkey.Client) error
)

// call calls fn with the holder's client. use is the holder's method Use or TryUse.
func (c *Cache) call(ctx context.Context, op string, use func(*holder, context.Context, callFunc) error, fn callFunc) error {
	if c.Client == nil {
		return errors.New("valkeycache: Cache.Client is nil")
	}
	if ctx.Err() != nil {
		return newCallError(ctx, nil, op, nil)
	}
	var own error // of the last run of fn
	ran := false
	err := use(c.Client, ctx, func(ctx context.Context, client valkey.Client) error {
		ran, own = true, nil
		began := time.Now()
		if err := fn(ctx, client); err != nil {
			own = newCallError(ctx, client, op, err)
		}
		own = c.calls.Judge(ctx, client, began, own)
		return own
	})
	if err == nil {
		return nil
	}
	switch _, failed := errors.AsType[*lazyclient.OpenError](err); {
	case failed, errors.Is(err, lazyclient.ErrOpening), !ran && ctx.Err() != nil, IsStale(own) && ctx.Err() != nil:
		return notReady(op, err)
	case ran:
		return err
	default: // the holder is closed
		return newCallError(ctx, nil, op, err)
	}
}

func milliseconds(ttl time.Duration) int64 {
	return max(ttl.Milliseconds(), 1)
}
