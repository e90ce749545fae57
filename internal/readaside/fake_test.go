package readaside_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/warmclient/warmclient/internal/readaside"
)

var errDown = errors.New("down")

// cache is a map that forgets in time. Its faults are run before a call takes
// effect, and an error of theirs is the call's.
type cache struct {
	mu       sync.Mutex
	entries  map[string]entry
	calls    []string // "get k", "set k", "set if absent k"
	getFault func(ctx context.Context) error
	setFault func(ctx context.Context) error
}

type entry struct {
	value  []byte
	expiry time.Time
	ttl    time.Duration
}

func (c *cache) begin(call string, fault *func(context.Context) error) func(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, call)
	if *fault == nil {
		return func(context.Context) error { return nil }
	}
	return *fault
}

func (c *cache) Get(ctx context.Context, key string) ([]byte, error) {
	if err := c.begin("get "+key, &c.getFault)(ctx); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[key]; ok && time.Now().Before(e.expiry) {
		return e.value, nil
	}
	return nil, nil
}

func (c *cache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := c.begin("set "+key, &c.setFault)(ctx); err != nil {
		return err
	}
	c.put(key, value, ttl)
	return nil
}

func (c *cache) SetIfAbsent(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := c.begin("set if absent "+key, &c.setFault)(ctx); err != nil {
		return err
	}
	c.mu.Lock()
	e, ok := c.entries[key]
	c.mu.Unlock()
	if !ok || !time.Now().Before(e.expiry) {
		c.put(key, value, ttl)
	}
	return nil
}

func (c *cache) put(key string, value []byte, ttl time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil {
		c.entries = make(map[string]entry)
	}
	c.entries[key] = entry{value, time.Now().Add(ttl), ttl}
}

func (c *cache) entry(key string) entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.entries[key]
}

// called returns the calls since it was last called.
func (c *cache) called() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	calls := c.calls
	c.calls = nil
	return calls
}

func (c *cache) fail(get, set func(context.Context) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.getFault, c.setFault = get, set
}

func refuse(context.Context) error { return errDown }

func hang(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func sleep(d time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// origin is the source of truth.
type origin struct {
	mu    sync.Mutex
	words map[string]string
	loads int
	fault func(ctx context.Context) error // run before a load reads
	tail  func(ctx context.Context) error // run after a load has read
}

func (o *origin) load(ctx context.Context, id string) (word string, found bool, err error) {
	o.mu.Lock()
	o.loads++
	fault, tail := o.fault, o.tail
	o.mu.Unlock()
	if fault != nil {
		if err := fault(ctx); err != nil {
			return "", false, err
		}
	}
	o.mu.Lock()
	word, found = o.words[id]
	o.mu.Unlock()
	if tail != nil {
		err = tail(ctx)
	}
	return word, found, err
}

func (o *origin) write(id, word string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.words[id] = word
}

func (o *origin) loaded() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.loads
}

func (o *origin) fail(fault, tail func(context.Context) error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fault, o.tail = fault, tail
}

// defaults are those of the accounts package.
func defaults(c readaside.Cache) readaside.Options {
	return readaside.Options{
		Cache:        c,
		TTL:          30 * time.Minute,
		NegativeTTL:  5 * time.Second,
		CacheTimeout: 50 * time.Millisecond,
		LoadTimeout:  time.Second,
	}
}

// patient is for tests outside bubbles: a stall of a busy machine is not to be
// taken for the cache's.
func patient(c readaside.Cache) readaside.Options {
	o := defaults(c)
	o.CacheTimeout = time.Minute
	return o
}

type reader = readaside.Reader[string, string]

func newReader(o readaside.Options, from *origin) *reader {
	return &reader{
		Engine: readaside.New(o),
		Entity: "word",
		Key:    func(id string) string { return "word/" + id },
		Load:   from.load,
		Append: func(b []byte, v string) []byte { return readaside.AppendFields(b, v) },
		Parse: func(fields string) (v string, ok bool) {
			ok = readaside.CutFields(fields, &v)
			return v, ok
		},
	}
}

// bubble runs a test on fake time, with a reader of a fake cache and an origin
// that has one word, "hello" under "a".
func bubble(t *testing.T, test func(t *testing.T, r *reader, c *cache, o *origin)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c, o := &cache{}, &origin{words: map[string]string{"a": "hello"}}
		test(t, newReader(defaults(c), o), c, o)
	})
}

func assertReads(t *testing.T, ctx context.Context, r *reader, id, want string) {
	t.Helper()
	word, found, err := r.Read(ctx, id)
	assert.NoError(t, err)
	assert.Equal(t, want != "", found)
	assert.Equal(t, want, word)
}
