package fleet

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/warmclient/warmclient/readaside"
)

// The protocols.
const (
	None         = "no cache"
	SetAfter     = "set after the write"
	DeleteAfter  = "delete after the write"
	DoubleDelete = "delayed double delete"
	Ours         = "readaside"
)

// Protocols returns all protocols. The last one is ours.
func Protocols() []string { return []string{None, SetAfter, DeleteAfter, DoubleDelete, Ours} }

// secondDelete is the time between a write and the second delete of a delayed double delete.
const secondDelete = 500 * time.Millisecond

// client is a protocol in one process.
type client interface {
	read(ctx context.Context, key string) (value uint64, err error)
	write(ctx context.Context, key string, value uint64) error
}

func newClient(protocol string, p *process) (client, error) {
	switch protocol {
	case Ours:
		return newOurs(p)
	case None, SetAfter, DeleteAfter, DoubleDelete:
		return plain{p, cache{p}, protocol}, nil
	default:
		return nil, fmt.Errorf("fleet: unknown protocol %q", protocol)
	}
}

func encode(value uint64) ([]byte, error) { return binary.BigEndian.AppendUint64(nil, value), nil }

func decode(b []byte) (uint64, error) {
	if len(b) != 8 {
		return 0, fmt.Errorf("fleet: a value has %d bytes", len(b))
	}
	return binary.BigEndian.Uint64(b), nil
}

// plain is the usual read-aside: a miss is loaded and set, and a failure of the cache is a miss.
type plain struct {
	*process
	cache    cache
	protocol string
}

func (c plain) read(ctx context.Context, key string) (uint64, error) {
	if c.protocol == None {
		return c.load(ctx, key)
	}
	var stored []byte
	_ = within(ctx, func(ctx context.Context) (err error) {
		stored, err = c.cache.Get(ctx, key)
		return err
	})
	if stored != nil {
		return decode(stored)
	}
	value, err := c.load(ctx, key)
	if err == nil {
		c.set(ctx, key, value)
	}
	return value, err
}

func (c plain) set(ctx context.Context, key string, value uint64) {
	_ = within(ctx, func(ctx context.Context) error {
		b, err := encode(value)
		if err != nil {
			return err
		}
		return c.cache.Set(ctx, key, b, valueLife)
	})
}

func (c plain) remove(ctx context.Context, key string) {
	_ = within(ctx, func(ctx context.Context) error { return c.cache.Delete(ctx, key) })
}

func (c plain) write(ctx context.Context, key string, value uint64) error {
	if c.protocol == DoubleDelete {
		c.remove(ctx, key)
	}
	err := c.commit(ctx, key, value)
	switch c.protocol {
	case SetAfter:
		if err == nil {
			c.set(ctx, key, value)
		} else {
			c.remove(ctx, key) // the write may have committed
		}
	case DeleteAfter:
		c.remove(ctx, key)
	case DoubleDelete:
		go func() {
			time.Sleep(secondDelete)
			c.remove(context.WithoutCancel(ctx), key)
		}()
	}
	return err
}

// within limits a call of the cache as readaside does by default.
func within(ctx context.Context, call func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, cacheWait)
	defer cancel()
	return call(ctx)
}

// ours is package readaside.
type ours struct {
	*process
	store  *readaside.Store
	reader *readaside.Reader[string, uint64]
}

func newOurs(p *process) (client, error) {
	store, err := readaside.NewStore(readaside.Options{Cache: cache{p}, Prefix: "fleet"})
	if err != nil {
		return nil, err
	}
	reader, err := readaside.NewReader(store, readaside.Entity[string, uint64]{
		Name: "row",
		Load: func(ctx context.Context, key string) (uint64, bool, error) {
			value, err := p.load(ctx, key)
			return value, value != 0, err
		},
		Encode: encode, Decode: decode, TTL: valueLife, NegativeTTL: -1,
	})
	return &ours{p, store, reader}, err
}

func (c *ours) read(ctx context.Context, key string) (uint64, error) {
	value, _, err := c.reader.Get(ctx, key)
	return value, err
}

// write passes the new value to the Store in every other write, as in a service in which some
// updates are puts.
func (c *ours) write(ctx context.Context, key string, value uint64) error {
	change := c.reader.Changed(key)
	if value%2 == 0 {
		change = c.reader.ChangedTo(key, value)
	}
	return c.store.Write(ctx, func(ctx context.Context) error { return c.commit(ctx, key, value) }, change)
}
