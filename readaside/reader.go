package readaside

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"time"

	"github.com/warmclient/warmclient/internal/guard"
)

// An Entity describes entities of one kind: values of V, known by a K.
type Entity[K, V any] struct {
	// Name tells the entity apart in cache keys and events. It is required and unique in a Store.
	Name string
	// Version is part of a cache entry, not of its key. Raise it when the encoding of V changes: an
	// entry of another version is a miss.
	Version int
	// Key returns id as a string, a different one for each id. If nil, it is the id itself, where
	// K's kind is a string or an integer.
	Key func(id K) string
	// Load reads the database. It is required, and its read must be strongly consistent. It reports
	// found == false where there is no such entity. It must not Get the id that it loads: that Get
	// would wait for the load.
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
	s      *Store
	e      Entity[K, V]
	prefix string // of all keys
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
	}
	if _, taken := s.names.LoadOrStore(e.Name, true); taken {
		return fail("the Store has a Reader of this name already")
	}
	if decode := e.Decode; decode != nil {
		// b is the cache's, and decode may keep what it gets.
		e.Decode = func(b []byte) (V, error) { return decode(bytes.Clone(b)) }
	} else {
		e.Encode = func(v V) ([]byte, error) { return json.Marshal(v) }
		e.Decode = func(b []byte) (v V, err error) {
			err = json.Unmarshal(b, &v)
			return v, err
		}
	}
	e.TTL = cmp.Or(e.TTL, 30*time.Minute)
	e.NegativeTTL = cmp.Or(e.NegativeTTL, 5*time.Second)
	e.LoadTimeout = cmp.Or(e.LoadTimeout, time.Second)
	// The lengths tell a prefix, and a name, from all others, whatever they contain.
	prefix := fmt.Sprintf("%d:%s/%d:%s/", len(s.opt.Prefix), s.opt.Prefix, len(e.Name), e.Name)
	return &Reader[K, V]{s, e, prefix}, nil
}

// keyOf returns the Key of ids that are strings or integers, or nil.
func keyOf[K any]() func(K) string {
	switch zero := reflect.Zero(reflect.TypeFor[K]()); {
	case zero.Kind() == reflect.String:
		return func(id K) string { return reflect.ValueOf(id).String() }
	case zero.CanInt():
		return func(id K) string { return strconv.FormatInt(reflect.ValueOf(id).Int(), 10) }
	case zero.CanUint():
		return func(id K) string { return strconv.FormatUint(reflect.ValueOf(id).Uint(), 10) }
	default:
		return nil
	}
}

func (r *Reader[K, V]) key(id K) string { return r.prefix + r.e.Key(id) }

func (r *Reader[K, V]) ttl() time.Duration { return r.e.TTL - rand.N(r.e.TTL/10+1) }

// Get returns the entity from the cache, or else from a Load, or found == false where there is
// none. It never returns a value older than a write that had finished when Get began, but for the
// cases under "What remains" in the package comment.
//
// Concurrent Gets share a Load, and with it the pointers, slices and maps in v. A failure of the
// cache is a miss. The error is that of Load, or context.Cause(ctx), at once when ctx ends first.
// If Load panics, all the Gets that share it panic.
func (r *Reader[K, V]) Get(ctx context.Context, id K) (v V, found bool, err error) {
	if ctx.Err() != nil {
		return v, false, context.Cause(ctx)
	}
	rd := read{since: r.s.loads.clock.Load(), key: r.key(id), state: CacheSkipped, left: atMostHalf(ctx, r.s.opt.CacheTimeout)}
	if r.s.opt.Cache != nil {
		v = r.lookUp(ctx, &rd)
	}
	switch {
	case rd.state == Hit || rd.state == NegativeHit:
		return v, rd.state == Hit, nil
	case ctx.Err() != nil:
		return v, false, context.Cause(ctx)
	}
	return r.shared(ctx, rd, id)
}

// Fresh returns the entity from a Load of its own, or found == false where there is none: no cache
// is asked or filled, and no other caller's Load is shared. It is for decisions, such as who may do
// what. The context of Load is that of the caller, and ends after LoadTimeout. The error is that of
// Load, or context.Cause(ctx), at once when ctx ends first.
func (r *Reader[K, V]) Fresh(ctx context.Context, id K) (v V, found bool, err error) {
	if ctx.Err() != nil {
		return v, false, context.Cause(ctx)
	}
	a, err := r.load(ctx, id)
	if p, ok := err.(*guard.PanicError); ok {
		panic(p.Unwrap())
	}
	return a.v, a.found, err
}

// lookUp asks the cache. It sets left, entry and state.
func (r *Reader[K, V]) lookUp(ctx context.Context, rd *read) (v V) {
	s := r.s
	rd.left = s.repeatPending(ctx, rd.left)
	e := Event{Op: OpGet, Entity: r.e.Name, Outcome: CacheSkipped, Err: errPending}
	if !s.pending.has(rd.key) {
		s.ask(ctx, rd.left, false, &e, func(ctx context.Context) (_ bool, err error) {
			rd.entry, err = s.opt.Cache.Get(ctx, rd.key)
			return true, err
		})
		rd.left -= e.Took
	}
	if e.Outcome == Stored {
		v, e.Outcome, e.Err = r.decode(rd.entry, rd.key)
	}
	rd.state = e.Outcome
	s.opt.Observe(ctx, e)
	return v
}

// decode tells what a cache entry is. A panic of Decode is its error.
func (r *Reader[K, V]) decode(entry []byte, key string) (v V, o Outcome, err error) {
	if entry == nil {
		return v, Miss, nil
	}
	switch kind, payload := unseal(entry, r.e.Version, key); kind {
	case kindFound:
		decoded, err := guard.Call(func() (V, error) { return r.e.Decode(payload) })
		if err != nil {
			return v, Unreadable, err
		}
		return decoded, Hit, nil
	case kindAbsent:
		return v, NegativeHit, nil
	case kindLease, kindFence:
		return v, Fenced, nil
	}
	return v, Unreadable, nil
}

// encode returns a cache entry. A panic of Encode is its error.
func (r *Reader[K, V]) encode(key string, v V) (entry []byte, err error) {
	payload, err := guard.Call(func() ([]byte, error) { return r.e.Encode(v) })
	if err != nil {
		return nil, fmt.Errorf("readaside: encode %s: %w", r.e.Name, err)
	}
	return seal(valueFormat, kindFound, r.e.Version, key, payload), nil
}
