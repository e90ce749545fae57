package readaside_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/readaside"
	"github.com/warmclient/warmclient/readaside/cachetest"
)

var errTest = errors.New("test error")

// product is the entity of the tests.
type product struct {
	ID, Name string
	Cents    int
}

// cache is an in-memory cache that records its calls and fails them on demand.
type cache struct {
	*cachetest.Memory

	mu     sync.Mutex
	calls  []string // "get", "set", "setifabsent", "setifequal", "delete"
	ttls   []time.Duration
	before func(ctx context.Context, call string) error // an error is returned instead of the call
}

func newCache() *cache { return &cache{Memory: cachetest.NewMemory()} }

func (c *cache) enter(ctx context.Context, call string, ttl time.Duration) error {
	c.mu.Lock()
	c.calls = append(c.calls, call)
	if call != "get" && call != "delete" {
		c.ttls = append(c.ttls, ttl)
	}
	before := c.before
	c.mu.Unlock()
	if before != nil {
		return before(ctx, call)
	}
	return nil
}

// fail lets the named calls, or all if none is named, return err from now on.
func (c *cache) fail(err error, calls ...string) {
	c.hook(func(_ context.Context, call string) error {
		if len(calls) == 0 || slices.Contains(calls, call) {
			return err
		}
		return nil
	})
}

// hang lets the named calls, or all if none is named, wait for the end of their context.
func (c *cache) hang(calls ...string) {
	c.hook(func(ctx context.Context, call string) error {
		if len(calls) == 0 || slices.Contains(calls, call) {
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	})
}

func (c *cache) hook(before func(ctx context.Context, call string) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.before = before
}

// took returns the calls since the last time.
func (c *cache) took() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	calls := c.calls
	c.calls = nil
	return calls
}

func (c *cache) Get(ctx context.Context, key string) ([]byte, error) {
	if err := c.enter(ctx, "get", 0); err != nil {
		return nil, err
	}
	return c.Memory.Get(ctx, key)
}

func (c *cache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := c.enter(ctx, "set", ttl); err != nil {
		return err
	}
	return c.Memory.Set(ctx, key, value, ttl)
}

func (c *cache) SetIfAbsent(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	if err := c.enter(ctx, "setifabsent", ttl); err != nil {
		return false, err
	}
	return c.Memory.SetIfAbsent(ctx, key, value, ttl)
}

func (c *cache) SetIfEqual(ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
	if err := c.enter(ctx, "setifequal", ttl); err != nil {
		return false, err
	}
	return c.Memory.SetIfEqual(ctx, key, old, value, ttl)
}

func (c *cache) Delete(ctx context.Context, key string) error {
	if err := c.enter(ctx, "delete", 0); err != nil {
		return err
	}
	return c.Memory.Delete(ctx, key)
}

// database is a table of products.
type database struct {
	mu     sync.Mutex
	rows   map[string]product
	loads  int
	before func(ctx context.Context) error // called by load before it reads
	after  func()                          // called by load when it has read
}

func (d *database) put(p product) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.rows == nil {
		d.rows = make(map[string]product)
	}
	d.rows[p.ID] = p
}

func (d *database) load(ctx context.Context, id string) (product, bool, error) {
	d.mu.Lock()
	d.loads++
	before, after := d.before, d.after
	d.mu.Unlock()
	if before != nil {
		if err := before(ctx); err != nil {
			return product{}, false, err
		}
	}
	d.mu.Lock()
	p, ok := d.rows[id]
	d.mu.Unlock()
	if after != nil {
		after()
	}
	return p, ok, nil
}

// hooks sets what load calls before and after it has read.
func (d *database) hooks(before func(ctx context.Context) error, after func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.before, d.after = before, after
}

// took returns the number of loads since the last time.
func (d *database) took() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.loads
	d.loads = 0
	return n
}

// fixture is one process: a Store with a Reader of products.
type fixture struct {
	*readaside.Store
	*readaside.Reader[string, product]
	cache *cache
	db    *database

	mu     sync.Mutex
	events []readaside.Event
}

func newFixture(t *testing.T, edit ...func(*readaside.Options, *readaside.Entity[string, product])) *fixture {
	t.Helper()
	f := &fixture{cache: newCache(), db: &database{}}
	f.build(t, edit...)
	return f
}

// another returns a second process on the same cache and database.
func (f *fixture) another(t *testing.T, edit ...func(*readaside.Options, *readaside.Entity[string, product])) *fixture {
	t.Helper()
	g := &fixture{cache: f.cache, db: f.db}
	g.build(t, edit...)
	return g
}

func (f *fixture) build(t *testing.T, edit ...func(*readaside.Options, *readaside.Entity[string, product])) {
	t.Helper()
	o := readaside.Options{Cache: f.cache, Prefix: "test", Observe: f.observe}
	e := readaside.Entity[string, product]{Name: "product", Load: f.db.load}
	for _, fn := range edit {
		fn(&o, &e)
	}
	var err error
	f.Store, err = readaside.NewStore(o)
	require.NoError(t, err)
	f.Reader, err = readaside.NewReader(f.Store, e)
	require.NoError(t, err)
}

func (f *fixture) observe(_ context.Context, e readaside.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, e)
}

// steps returns the events since the last time in the form "get miss".
func (f *fixture) steps() (steps []string) {
	for _, e := range f.observed() {
		steps = append(steps, fmt.Sprintf("%s %v", e.Op, e.Outcome))
	}
	return steps
}

func (f *fixture) observed() []readaside.Event {
	f.mu.Lock()
	defer f.mu.Unlock()
	events := f.events
	f.events = nil
	return events
}

func (f *fixture) reset() {
	f.observed()
	f.cache.took()
	f.db.took()
}

// get fails the test unless the product is found.
func (f *fixture) get(t *testing.T, id string) product {
	t.Helper()
	p, found, err := f.Get(t.Context(), id)
	require.NoError(t, err)
	require.True(t, found)
	return p
}

// update changes a product through Write.
func (f *fixture) update(t *testing.T, p product) {
	t.Helper()
	require.NoError(t, f.Write(t.Context(), f.commit(p), f.ChangedTo(p.ID, p)))
}

// commit returns the function for Write that puts p.
func (f *fixture) commit(p product) func(context.Context) error {
	return func(context.Context) error {
		f.db.put(p)
		return nil
	}
}
