package emulator

import (
	"bytes"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// maxTTL is a hard limit of the service: https://docs.momentohq.com/cache/limits.
const maxTTL = 24 * time.Hour

// items is the content of one cache, by key.
type items map[string]item

type item struct {
	value   []byte
	expires time.Time
}

// operation carries out one call on a cache. The caller holds the server's lock.
type operation func(cache items, in, out protoreflect.Message) error

// CreateCache adds an empty cache, or empties the one of that name.
func (m *Momento) CreateCache(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.caches[name] = items{}
}

// Put stores a value beneath the protocol, for instance one that its reader cannot make sense of.
// It creates the cache where there is none.
func (m *Momento) Put(cache, key string, value []byte, ttl time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.caches[cache] == nil {
		m.caches[cache] = items{}
	}
	m.caches[cache].put([]byte(key), value, ttl)
}

// Value returns what the cache holds under key. It does not count as a request.
func (m *Momento) Value(cache, key string) ([]byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, ok := m.caches[cache].live([]byte(key))
	return slices.Clone(value), ok
}

// Keys returns the keys of the items that have not expired, sorted.
func (m *Momento) Keys(cache string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var keys []string
	for key := range m.caches[cache] {
		if _, ok := m.caches[cache].live([]byte(key)); ok {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func (c items) put(key, value []byte, ttl time.Duration) {
	c[string(key)] = item{bytes.Clone(value), time.Now().Add(ttl)}
}

func (c items) live(key []byte) ([]byte, bool) {
	it, ok := c[string(key)]
	if !ok || !time.Now().Before(it.expires) {
		return nil, false
	}
	return it.value, true
}

func get(cache items, in, out protoreflect.Message) error {
	key, err := keyOf(in)
	if err != nil {
		return err
	}
	value, ok := cache.live(key)
	if !ok {
		setResult(out, "Miss")
		return nil
	}
	setResult(out, "Hit")
	out.Set(field(out, "cache_body"), protoreflect.ValueOfBytes(value))
	return nil
}

func set(cache items, in, out protoreflect.Message) error {
	key, ttl, err := keyAndTTL(in)
	if err != nil {
		return err
	}
	cache.put(key, in.Get(field(in, "cache_body")).Bytes(), ttl)
	setResult(out, "Ok")
	return nil
}

func setIf(cache items, in, out protoreflect.Message) error {
	key, ttl, err := keyAndTTL(in)
	if err != nil {
		return err
	}
	condition := in.WhichOneof(in.Descriptor().Oneofs().ByName("condition"))
	if condition == nil {
		return status.Error(codes.InvalidArgument, "the condition is missing")
	}
	old, present := cache.live(key)
	result := protoreflect.Name("not_stored")
	if holds(condition.Name(), in.Get(condition).Message(), old, present) {
		cache.put(key, in.Get(field(in, "cache_body")).Bytes(), ttl)
		result = "stored"
	}
	out.Set(field(out, result), out.NewField(field(out, result)))
	return nil
}

func holds(condition protoreflect.Name, in protoreflect.Message, old []byte, present bool) bool {
	equal := func() bool {
		return present && bytes.Equal(old, in.Get(field(in, "value_to_check")).Bytes())
	}
	switch condition {
	case "present":
		return present
	case "absent":
		return !present
	case "equal":
		return equal()
	case "not_equal":
		return !equal()
	case "absent_or_equal":
		return !present || equal()
	case "present_and_not_equal":
		return present && !equal()
	default:
		return false
	}
}

func remove(cache items, in, _ protoreflect.Message) error {
	key, err := keyOf(in)
	if err != nil {
		return err
	}
	delete(cache, string(key))
	return nil
}

func keyOf(in protoreflect.Message) ([]byte, error) {
	key := in.Get(field(in, "cache_key")).Bytes()
	if len(key) == 0 {
		return nil, status.Error(codes.InvalidArgument, "the key is empty")
	}
	return key, nil
}

func keyAndTTL(in protoreflect.Message) ([]byte, time.Duration, error) {
	key, err := keyOf(in)
	if err != nil {
		return nil, 0, err
	}
	ms := in.Get(field(in, "ttl_milliseconds")).Uint()
	if ms == 0 || ms > uint64(maxTTL/time.Millisecond) {
		return nil, 0, status.Error(codes.InvalidArgument, "the TTL must be from 1 ms to 24 h")
	}
	return key, time.Duration(ms) * time.Millisecond, nil
}

func field(m protoreflect.Message, name protoreflect.Name) protoreflect.FieldDescriptor {
	return m.Descriptor().Fields().ByName(name)
}

func setResult(out protoreflect.Message, name protoreflect.Name) {
	result := field(out, "result")
	out.Set(result, protoreflect.ValueOfEnum(result.Enum().Values().ByName(name).Number()))
}
