package cachetest

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
)

func checkRoundTrip(t *testing.T, s *suite) {
	key, other := s.key("a"), s.key("b")
	must(t, s.set(key, []byte("a value of some length"), life))
	must(t, s.set(other, []byte("another"), life))
	must(t, s.want(key, []byte("a value of some length")))
	must(t, s.want(other, []byte("another")))

	must(t, s.set(key, []byte("shorter"), life))
	must(t, s.want(key, []byte("shorter")))
	must(t, s.want(other, []byte("another")))
}

func checkMiss(t *testing.T, s *suite) {
	must(t, s.want(s.key("never set"), nil))
}

func checkEmptyValue(t *testing.T, s *suite) {
	for name, empty := range map[string][]byte{"empty": {}, "nil": nil} {
		key := s.key(name)
		must(t, s.set(key, empty, life))
		must(t, s.want(key, []byte{}))

		stored, err := s.setIfAbsent(key, []byte("x"), life)
		mustStore(t, false, "SetIfAbsent over an empty value", stored, err)
		stored, err = s.setIfEqual(key, empty, []byte("x"), life)
		mustStore(t, true, "SetIfEqual of an empty value", stored, err)
		stored, err = s.setIfEqual(key, empty, []byte("y"), life)
		mustStore(t, false, "SetIfEqual of an empty value with another one stored", stored, err)
		stored, err = s.setIfEqual(key, []byte("x"), empty, life)
		mustStore(t, true, "SetIfEqual to an empty value", stored, err)
		must(t, s.want(key, []byte{}))

		key = s.key(name)
		stored, err = s.setIfEqual(key, empty, []byte("x"), life)
		mustStore(t, false, "SetIfEqual of an empty value with nothing stored", stored, err)
		stored, err = s.setIfAbsent(key, empty, life)
		mustStore(t, true, "SetIfAbsent of an empty value", stored, err)
		must(t, s.want(key, []byte{}))
	}
}

func checkSetIfAbsent(t *testing.T, s *suite) {
	key := s.key("key")
	stored, err := s.setIfAbsent(key, []byte("first"), life)
	mustStore(t, true, "SetIfAbsent with nothing stored", stored, err)
	must(t, s.want(key, []byte("first")))

	stored, err = s.setIfAbsent(key, []byte("second"), life)
	mustStore(t, false, "SetIfAbsent over another value", stored, err)
	must(t, s.want(key, []byte("first")))
	stored, err = s.setIfAbsent(key, []byte("first"), life)
	mustStore(t, false, "SetIfAbsent over the same value", stored, err)

	must(t, s.delete(key))
	stored, err = s.setIfAbsent(key, []byte("third"), life)
	mustStore(t, true, "SetIfAbsent after Delete", stored, err)
	must(t, s.want(key, []byte("third")))
}

func checkSetIfEqual(t *testing.T, s *suite) {
	key := s.key("key")
	stored, err := s.setIfEqual(key, []byte("old"), []byte("new"), life)
	mustStore(t, false, "SetIfEqual with nothing stored", stored, err)
	must(t, s.want(key, nil))

	must(t, s.set(key, []byte("old"), life))
	stored, err = s.setIfEqual(key, []byte("older"), []byte("new"), life)
	mustStore(t, false, "SetIfEqual with another value stored", stored, err)
	must(t, s.want(key, []byte("old")))
	stored, err = s.setIfEqual(key, []byte("old"), []byte("new"), life)
	mustStore(t, true, "SetIfEqual with the old value stored", stored, err)
	must(t, s.want(key, []byte("new")))
	stored, err = s.setIfEqual(key, []byte("new"), []byte("new"), life)
	mustStore(t, true, "SetIfEqual of a value to itself", stored, err)
	must(t, s.want(key, []byte("new")))

	must(t, s.delete(key))
	stored, err = s.setIfEqual(key, []byte("new"), []byte("newer"), life)
	mustStore(t, false, "SetIfEqual after Delete", stored, err)
	must(t, s.want(key, nil))
}

// checkSetIfEqualComparesBytes uses values that are equal as text, as numbers or up to a zero byte,
// but not as bytes.
func checkSetIfEqualComparesBytes(t *testing.T, s *suite) {
	pairs := [][2]string{
		{"value", "Value"}, {"value", "value "}, {"value", " value"}, {"value", "value\x00"}, {"value", "valu"},
		{"value\x00a", "value\x00b"}, {"1", "1.0"}, {"1", "01"}, {"10", "1e1"}, {"\xff", "\xfe"},
		{"\xff", "\uFFFD"}, {"é", "e\u0301"}, {strings.Repeat("x", 1000) + "a", strings.Repeat("x", 1000) + "b"},
	}
	for _, pair := range pairs {
		for _, p := range [][2]string{pair, {pair[1], pair[0]}} {
			key := s.key("key")
			must(t, s.set(key, []byte(p[0]), life))
			stored, err := s.setIfEqual(key, []byte(p[1]), []byte("new"), life)
			mustStore(t, false, fmt.Sprintf("SetIfEqual of %s with %s stored", show([]byte(p[1])), show([]byte(p[0]))), stored, err)
			must(t, s.want(key, []byte(p[0])))
		}
	}
}

func checkDelete(t *testing.T, s *suite) {
	key, other := s.key("a"), s.key("b")
	must(t, s.set(key, []byte("a"), life))
	must(t, s.set(other, []byte("b"), life))
	must(t, s.delete(key))
	must(t, s.want(key, nil))
	must(t, s.want(other, []byte("b")))
	must(t, s.delete(key)) // deleting a missing key is not an error
	must(t, s.delete(s.key("never set")))
}

// checkKeys stores values under similar keys, concurrently.
func checkKeys(t *testing.T, s *suite) {
	var all [256]byte
	for i := range all {
		all[i] = byte(i)
	}
	names := []string{
		"key", "Key", "key ", " key", "key\x00", "key\x00a", "key\n", "key\r\n", "key\t", "ke", "keys", "key/", "key/..",
		"key*", "key?", "k[e]y", "{key}", "{key}a", "key:a", "key|a", "key=a", "key%20", `key"'\`, "$key", "key;--", "é",
		"e\u0301", "\u00a0", "\xff", "\xfe", "\uFFFD", "\xc3\x28", "日本語", "\U0001F511", string(all[:]),
		strings.Repeat("k", 1000) + "a", strings.Repeat("k", 1000) + "b",
	}
	prefix := s.key("")
	for i, name := range names {
		must(t, s.set(prefix+name, fmt.Appendf(nil, "value %d", i), life))
	}
	for i, name := range names {
		must(t, s.want(prefix+name, fmt.Appendf(nil, "value %d", i)))
		stored, err := s.setIfAbsent(prefix+name, []byte("other"), life)
		mustStore(t, false, fmt.Sprintf("SetIfAbsent of %s", show([]byte(name))), stored, err)
		stored, err = s.setIfEqual(prefix+name, fmt.Appendf(nil, "value %d", i), fmt.Appendf(nil, "new %d", i), life)
		mustStore(t, true, fmt.Sprintf("SetIfEqual of %s", show([]byte(name))), stored, err)
	}
	for i, name := range names {
		must(t, s.want(prefix+name, fmt.Appendf(nil, "new %d", i)))
		must(t, s.delete(prefix+name))
		must(t, s.want(prefix+name, nil))
	}
}

func checkValues(t *testing.T, s *suite) {
	var all [256]byte
	for i := range all {
		all[i] = byte(i)
	}
	values := [][]byte{
		all[:], {0}, {0, 0}, []byte("\r\n"), []byte("$5\r\nvalue\r\n"), []byte(" value "), []byte("\xff\xfe"),
		[]byte("\xc3\x28"), []byte("null"), []byte("nil"), []byte("0"), []byte("-1"), []byte(`{"a":"b"}`), []byte("\u2028"),
		bytes.Repeat(all[:], 64),
	}
	for _, value := range values {
		key := s.key("key")
		must(t, s.set(key, value, life))
		must(t, s.want(key, value))
		stored, err := s.setIfEqual(key, value, []byte("other"), life)
		mustStore(t, true, "SetIfEqual of "+show(value), stored, err)
		stored, err = s.setIfEqual(key, []byte("other"), value, life)
		mustStore(t, true, "SetIfEqual to "+show(value), stored, err)
		must(t, s.want(key, value))
		must(t, s.delete(key))
		stored, err = s.setIfAbsent(key, value, life)
		mustStore(t, true, "SetIfAbsent of "+show(value), stored, err)
		must(t, s.want(key, value))
	}
}

// checkLargeValues stores a value the size of the largest DynamoDB item, 400 KiB, plus some bytes
// for the encoding.
func checkLargeValues(t *testing.T, s *suite) {
	large := make([]byte, 500_000)
	_, _ = rand.Read(large) // never returns an error
	larger := append(bytes.Clone(large), 'x')

	key := s.key("key")
	must(t, s.set(key, large, life))
	must(t, s.want(key, large))
	stored, err := s.setIfEqual(key, larger, []byte("other"), life)
	mustStore(t, false, "SetIfEqual of another large value", stored, err)
	stored, err = s.setIfEqual(key, large, larger, life)
	mustStore(t, true, "SetIfEqual of a large value", stored, err)
	must(t, s.want(key, larger))
	must(t, s.delete(key))
	stored, err = s.setIfAbsent(key, large, life)
	mustStore(t, true, "SetIfAbsent of a large value", stored, err)
	must(t, s.want(key, large))
	must(t, s.delete(key))
}

func checkBytesAreNotReused(t *testing.T, s *suite) {
	key, other := s.key("a"), s.key("b")
	old, value, absent := []byte("the old value"), []byte("the new value"), []byte("value if absent")
	must(t, s.set(key, old, life))
	got, err := s.get(key)
	must(t, err)
	stored, err := s.setIfEqual(key, old, value, life)
	mustStore(t, true, "SetIfEqual", stored, err)
	stored, err = s.setIfAbsent(other, absent, life)
	mustStore(t, true, "SetIfAbsent", stored, err)
	must(t, s.want(key, []byte("the new value")))
	must(t, s.want(other, []byte("value if absent")))
	must(t, s.set(other, []byte("something else"), life))
	must(t, s.delete(key))

	for _, b := range []struct {
		name      string
		got, want []byte
	}{
		{"the bytes that Get returned", got, []byte("the old value")},
		{"the bytes given to Set and SetIfEqual", old, []byte("the old value")},
		{"the bytes given to SetIfEqual", value, []byte("the new value")},
		{"the bytes given to SetIfAbsent", absent, []byte("value if absent")},
	} {
		if !bytes.Equal(b.got, b.want) {
			t.Errorf("%s became %s after later calls, want %s", b.name, show(b.got), show(b.want))
		}
	}
}
