package readaside

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"sync/atomic"
	"time"
)

// An Entity describes entities of one kind: values of V, known by a K.
type Entity[K, V any] struct {
	// Name tells the entity apart in cache keys and events. It is required and unique in a Store.
	Name string
	// Version is part of a cache entry, not of its key. Raise it when the encoding of V changes:
	// an entry of another version is a miss.
	Version int
	// Key returns id as a string, a different one for each id. If nil, it is the id itself, where
	// K's kind is a string or an integer.
	Key func(id K) string
	// Load reads the database. It is required, and its read must be strongly consistent. It
	// reports found == false where there is no such entity.
	Load func(ctx context.Context, id K) (v V, found bool, err error)
	// Encode and Decode convert between V and bytes. If both are nil, V is encoded as JSON. Where
	// one of them fails or panics, the entity is loaded, or not cached.
	Encode func(v V) ([]byte, error)
	Decode func(b []byte) (V, error)
	// TTL is how long the cache keeps an entity, less up to 10% at random, so that entries that
	// were stored together do not expire together. The default is 30m.
	TTL time.Duration
	// NegativeTTL is how long the cache keeps a not-found result. The default is 5s. If it is
	// negative, not-found results are not cached.
	NegativeTTL time.Duration
	// LoadTimeout bounds one Load. The default is 1s.
	LoadTimeout time.Duration
}

// A Reader reads entities of one kind. It is safe for concurrent use by multiple goroutines.
type Reader[K, V any] struct {
	s       *Store
	e       Entity[K, V]
	prefix  string // of all keys
	ownCode bool   // Encode and Decode are the user's
}

// NewReader returns a Reader. It calls nothing. The error names a field of e that is missing or
// cannot work, or a Name that s has already.
func NewReader[K, V any](s *Store, e Entity[K, V]) (*Reader[K, V], error) {
	fail := func(format string, args ...any) (*Reader[K, V], error) {
		return nil, fmt.Errorf("readaside: new reader of %q: "+format, append([]any{e.Name}, args...)...)
	}
	if e.Key == nil {
		e.Key = keyOf[K]()
	}
	switch {
	case e.Name == "":
		return fail("Entity.Name is missing")
	case e.Load == nil:
		return fail("Entity.Load is missing")
	case e.Key == nil:
		return fail("Entity.Key is missing: %v is neither a string nor an integer", reflect.TypeFor[K]())
	case (e.Encode == nil) != (e.Decode == nil):
		return fail("one of Entity.Encode and Entity.Decode is set without the other")
	case e.TTL < 0:
		return fail("Entity.TTL is negative: %v", e.TTL)
	case e.LoadTimeout < 0:
		return fail("Entity.LoadTimeout is negative: %v", e.LoadTimeout)
	case !s.register(e.Name):
		return fail("the Store has a Reader of this name already")
	}
	r := &Reader[K, V]{s: s, ownCode: e.Encode != nil}
	if !r.ownCode {
		e.Encode = func(v V) ([]byte, error) { return json.Marshal(v) }
		e.Decode = func(b []byte) (v V, err error) { return v, json.Unmarshal(b, &v) }
	}
	e.TTL = cmp.Or(e.TTL, 30*time.Minute)
	e.NegativeTTL = cmp.Or(e.NegativeTTL, 5*time.Second)
	e.LoadTimeout = cmp.Or(e.LoadTimeout, time.Second)
	// The lengths tell a prefix, and a name, from all others, whatever they contain.
	r.e, r.prefix = e, fmt.Sprintf("%d:%s/%d:%s/", len(s.opt.Prefix), s.opt.Prefix, len(e.Name), e.Name)
	return r, nil
}

// keyOf returns the Key of ids that are strings or integers, or nil.
func keyOf[K any]() func(K) string {
	if f, ok := any(func(id string) string { return id }).(func(K) string); ok {
		return f
	}
	switch reflect.TypeFor[K]().Kind() {
	case reflect.String:
		return func(id K) string { return reflect.ValueOf(id).String() }
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(id K) string { return strconv.FormatInt(reflect.ValueOf(id).Int(), 10) }
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return func(id K) string { return strconv.FormatUint(reflect.ValueOf(id).Uint(), 10) }
	default:
		return nil
	}
}

func (r *Reader[K, V]) key(id K) string { return r.prefix + r.e.Key(id) }

func (r *Reader[K, V]) ttl() time.Duration { return r.e.TTL - rand.N(r.e.TTL/10+1) }

// Get returns the entity from the cache, or else from a Load, or found == false where there is
// none. It never returns a value older than a write that had finished when Get began.
//
// Concurrent Gets share a Load, and with it the pointers, slices and maps in v. A failure of the
// cache is a miss. The error is that of Load, or context.Cause(ctx), at once when ctx ends first.
// A panic of Load is one of all the Gets that share it.
func (r *Reader[K, V]) Get(ctx context.Context, id K) (v V, found bool, err error) {
	if ctx.Err() != nil {
		return v, false, context.Cause(ctx)
	}
	s := r.s
	rd := read{since: s.loads.clock.Load(), key: r.key(id), state: CacheSkipped, left: s.budget(ctx)}
	if s.opt.Cache != nil {
		v = r.lookUp(ctx, &rd)
	}
	switch {
	case rd.state == Hit:
		return v, true, nil
	case rd.state == NegativeHit:
		return v, false, nil
	case ctx.Err() != nil:
		return v, false, context.Cause(ctx)
	}
	return r.shared(ctx, rd, id)
}

// shared returns the result of a shared load.
func (r *Reader[K, V]) shared(ctx context.Context, rd read, id K) (v V, found bool, err error) {
	detached := context.WithoutCancel(ctx)
	for {
		ch, over := r.s.loads.join(ctx, rd, func(l *load) any {
			return <-start(func() (*loaded[V], error) { return r.leaseAndLoad(detached, l, id) })
		})
		select {
		case shared := <-ch:
			res, _ := shared.Val.(result[*loaded[V]])
			if res.panicked != nil {
				panic(res.panicked)
			}
			if res.err != nil {
				return v, false, res.err
			}
			r.fill(ctx, rd, res.value)
			return res.value.v, res.value.found, nil
		case <-over:
		case <-ctx.Done():
			return v, false, context.Cause(ctx)
		}
	}
}

// Fresh returns the entity from a Load of its own, or found == false where there is none: no cache
// is asked or filled, and no other caller's Load is shared. It is for decisions, such as who may
// do what. The context of Load is that of the caller, and ends after LoadTimeout. The error is
// that of Load, or context.Cause(ctx), at once when ctx ends first.
func (r *Reader[K, V]) Fresh(ctx context.Context, id K) (v V, found bool, err error) {
	if ctx.Err() != nil {
		return v, false, context.Cause(ctx)
	}
	return r.load(ctx, id)
}

// lookUp asks the cache. It sets state and entry.
func (r *Reader[K, V]) lookUp(ctx context.Context, rd *read) (v V) {
	s := r.s
	rd.left = s.repeatPending(ctx, rd.left)
	e := Event{Op: OpGet, Entity: r.e.Name}
	if s.pending.has(rd.key) {
		e.Outcome, e.Err = CacheSkipped, errPending
	} else {
		e = s.ask(ctx, s.reads, &rd.left, false, e, func(ctx context.Context) (_ bool, err error) {
			rd.entry, err = s.opt.Cache.Get(ctx, rd.key)
			return true, err
		})
	}
	if e.Outcome == Stored {
		v, e.Outcome, e.Err = r.decode(rd.entry, rd.key)
	} else {
		rd.entry = nil
	}
	rd.state = e.Outcome
	s.observe(ctx, e)
	return v
}

// decode tells what a cache entry is.
func (r *Reader[K, V]) decode(entry []byte, key string) (v V, o Outcome, err error) {
	if entry == nil {
		return v, Miss, nil
	}
	kind, payload := unseal(entry, r.e.Version, key)
	switch kind {
	case kindFound:
	case kindAbsent:
		return v, NegativeHit, nil
	case kindLease, kindFence:
		return v, Fenced, nil
	default:
		return v, Unreadable, nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = newPanicError(p)
		}
		if o = Hit; err != nil {
			var zero V
			v, o = zero, Unreadable
		}
	}()
	if r.ownCode {
		payload = bytes.Clone(payload) // it is the cache's, and Decode may keep it
	}
	v, err = r.e.Decode(payload)
	return v, o, err
}

// encode returns a cache entry. A panic of Encode is its error.
func (r *Reader[K, V]) encode(key string, v V) (entry []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = newPanicError(p)
		}
		if err != nil {
			err = fmt.Errorf("readaside: encode %s: %w", r.e.Name, err)
		}
	}()
	payload, err := r.e.Encode(v)
	if err != nil {
		return nil, err
	}
	return seal(valueFormat, kindFound, r.e.Version, key, payload), nil
}

// loaded is what a shared load has come to.
type loaded[V any] struct {
	v         V
	found     bool
	lease     []byte
	leaseTook time.Duration
	entry     []byte // to fill the cache with; nil: nothing
	filled    atomic.Bool
}

// leaseAndLoad is a shared load: the lease, where one is wanted, the load and the encoding, so that
// what callers do to v cannot reach the cache.
func (r *Reader[K, V]) leaseAndLoad(ctx context.Context, l *load, id K) (x *loaded[V], err error) {
	defer l.skipLease()
	x = new(loaded[V])
	if l.state == Miss || l.state == Unreadable {
		x.lease, x.leaseTook = r.lease(l)
	}
	r.s.loads.begin(l, x.lease)
	if x.v, x.found, err = r.load(ctx, id); err != nil || x.lease == nil {
		return x, err
	}
	switch {
	case x.found:
		var bad error
		if x.entry, bad = r.encode(l.key, x.v); bad != nil {
			r.s.observe(ctx, Event{Op: OpFill, Entity: r.e.Name, Outcome: CacheFailed, Err: bad})
		}
	case r.e.NegativeTTL > 0:
		x.entry = seal(valueFormat, kindAbsent, r.e.Version, l.key, nil)
	}
	return x, nil
}

// lease reserves the entry of a key for the fill, and returns the lease, or nil where it was not
// stored.
func (r *Reader[K, V]) lease(l *load) ([]byte, time.Duration) {
	s, lease, left := r.s, newMarker(kindLease, l.key), l.left
	e := Event{Op: OpLease, Entity: r.e.Name}
	e = s.ask(l.leasing, s.writes, &left, false, e, func(ctx context.Context) (bool, error) {
		ttl := plus(r.e.LoadTimeout, time.Second)
		if l.entry == nil {
			return s.opt.Cache.SetIfAbsent(ctx, l.key, lease, ttl)
		}
		return s.opt.Cache.SetIfEqual(ctx, l.key, l.entry, lease, ttl)
	})
	s.observe(l.leasing, e)
	if e.Outcome != Stored {
		lease = nil
	}
	return lease, e.Took
}

// grace is what a Load gets after its time to return with an error of its own, which says more.
const grace = 10 * time.Millisecond

var errNoAnswer = errors.New("no answer")

// load calls Load on a goroutine of its own, and abandons it when its time is over.
func (r *Reader[K, V]) load(ctx context.Context, id K) (v V, found bool, err error) {
	type answer struct {
		v     V
		found bool
	}
	began := time.Now()
	within, cancel := context.WithTimeout(ctx, r.e.LoadTimeout)
	defer cancel()
	ch := start(func() (a answer, err error) {
		a.v, a.found, err = r.e.Load(within, id)
		return a, err
	})
	a := result[answer]{err: errNoAnswer}
	select {
	case a = <-ch:
	case <-within.Done():
		if ctx.Err() != nil {
			break
		}
		select {
		case a = <-ch:
		case <-time.After(grace):
		}
	}
	e := Event{Op: OpLoad, Entity: r.e.Name, Outcome: Loaded, Took: time.Since(began)}
	switch {
	case a.err != nil && a.panicked == nil && ctx.Err() != nil:
		a.err = context.Cause(ctx)
	case a.err == errNoAnswer:
		a.err = fmt.Errorf("readaside: load %s: no answer within %v: %w", r.e.Name, r.e.LoadTimeout, within.Err())
	case a.err == errGoexit:
		a.err = fmt.Errorf("readaside: load %s: %w", r.e.Name, errGoexit)
	}
	if a.err != nil {
		e.Outcome, e.Err = LoadFailed, a.err
	}
	r.s.observe(ctx, e)
	switch {
	case a.panicked != nil:
		panic(a.panicked)
	case a.err != nil || !a.value.found:
		return v, false, a.err
	}
	return a.value.v, true, nil
}

// fill stores what was loaded, if no other caller does.
func (r *Reader[K, V]) fill(ctx context.Context, rd read, x *loaded[V]) {
	s := r.s
	left := atMostHalf(ctx, rd.left-x.leaseTook)
	failed := rd.state == CacheFailed || rd.state == CacheSkipped
	if x.entry == nil || failed || left <= 0 || ctx.Err() != nil || s.pending.has(rd.key) || !x.filled.CompareAndSwap(false, true) {
		return
	}
	ttl := r.e.NegativeTTL
	if x.found {
		ttl = r.ttl()
	}
	e := Event{Op: OpFill, Entity: r.e.Name}
	s.observe(ctx, s.ask(ctx, s.writes, &left, false, e, func(ctx context.Context) (bool, error) {
		return s.opt.Cache.SetIfEqual(ctx, rd.key, x.lease, x.entry, ttl)
	}))
}
