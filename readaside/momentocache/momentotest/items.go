package momentotest

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

// items is the content of one cache: the versions of each key, the newest last.
type items map[string][]version

// version is a value of a key. The value is nil if the key was deleted.
type version struct {
	value   []byte
	stored  time.Time
	expires time.Time
}

// clock holds the times at which a call reads and writes.
type clock struct {
	read, write time.Time // equal, except for a read from a replica
	lag         time.Duration
}

// operation carries out one call on a cache. The caller holds the server's lock.
type operation func(cache items, now clock, in, out protoreflect.Message) error

// at returns the value that was stored under key at the given time, or nil if there was none.
func (c items) at(key string, at time.Time) []byte {
	for _, v := range slices.Backward(c[key]) {
		if !v.stored.After(at) {
			if !at.Before(v.expires) {
				return nil
			}
			return v.value
		}
	}
	return nil
}

// put stores a version and drops versions that are too old for a replica to return.
func (c items) put(key string, now clock, value []byte, ttl time.Duration) {
	c[key] = append(c[key], version{value, now.write, now.write.Add(ttl)})
	versions := c[key]
	for len(versions) > 1 && !versions[1].stored.After(now.write.Add(-now.lag)) {
		versions = versions[1:]
	}
	c[key] = versions
}

func get(cache items, now clock, in, out protoreflect.Message) error {
	key, err := keyOf(in)
	if err != nil {
		return err
	}
	value := cache.at(key, now.read)
	if value == nil {
		setResult(out, "Miss")
		return nil
	}
	setResult(out, "Hit")
	out.Set(field(out, "cache_body"), protoreflect.ValueOfBytes(value))
	return nil
}

func set(cache items, now clock, in, out protoreflect.Message) error {
	key, ttl, err := keyAndTTL(in)
	if err != nil {
		return err
	}
	cache.put(key, now, body(in), ttl)
	setResult(out, "Ok")
	return nil
}

func setIf(cache items, now clock, in, out protoreflect.Message) error {
	condition := in.WhichOneof(in.Descriptor().Oneofs().ByName("condition"))
	if condition == nil {
		return status.Error(codes.InvalidArgument, "the condition is missing")
	}
	return store(cache, now, in, out, func(old []byte) bool {
		return holds(condition.Name(), in.Get(condition).Message(), old)
	})
}

func setIfNotExists(cache items, now clock, in, out protoreflect.Message) error {
	return store(cache, now, in, out, func(old []byte) bool { return old == nil })
}

func store(cache items, now clock, in, out protoreflect.Message, holds func(old []byte) bool) error {
	key, ttl, err := keyAndTTL(in)
	if err != nil {
		return err
	}
	result := field(out, "not_stored")
	if holds(cache.at(key, now.write)) {
		cache.put(key, now, body(in), ttl)
		result = field(out, "stored")
	}
	out.Set(result, out.NewField(result))
	return nil
}

func holds(condition protoreflect.Name, in protoreflect.Message, old []byte) bool {
	equal := func() bool {
		return old != nil && bytes.Equal(old, in.Get(field(in, "value_to_check")).Bytes())
	}
	switch condition {
	case "present":
		return old != nil
	case "absent":
		return old == nil
	case "equal":
		return equal()
	case "not_equal":
		return !equal()
	case "absent_or_equal":
		return old == nil || equal()
	case "present_and_not_equal":
		return old != nil && !equal()
	default:
		return false
	}
}

func remove(cache items, now clock, in, _ protoreflect.Message) error {
	key, err := keyOf(in)
	if err != nil {
		return err
	}
	cache.put(key, now, nil, 0)
	return nil
}

func keyOf(in protoreflect.Message) (string, error) {
	key := in.Get(field(in, "cache_key")).Bytes()
	if len(key) == 0 {
		return "", status.Error(codes.InvalidArgument, "the key is empty")
	}
	return string(key), nil
}

func keyAndTTL(in protoreflect.Message) (string, time.Duration, error) {
	key, err := keyOf(in)
	if err != nil {
		return "", 0, err
	}
	ms := in.Get(field(in, "ttl_milliseconds")).Uint()
	if ms == 0 || ms > uint64(maxTTL/time.Millisecond) {
		return "", 0, status.Error(codes.InvalidArgument, "the TTL must be from 1 ms to 24 h")
	}
	return key, time.Duration(ms) * time.Millisecond, nil
}

// body returns the value of a request. It is not nil.
func body(in protoreflect.Message) []byte {
	return append([]byte{}, in.Get(field(in, "cache_body")).Bytes()...)
}

func field(m protoreflect.Message, name protoreflect.Name) protoreflect.FieldDescriptor {
	return m.Descriptor().Fields().ByName(name)
}

func setResult(out protoreflect.Message, name protoreflect.Name) {
	result := field(out, "result")
	out.Set(result, protoreflect.ValueOfEnum(result.Enum().Values().ByName(name).Number()))
}
