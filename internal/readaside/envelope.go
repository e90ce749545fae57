package readaside

import (
	"encoding/binary"
)

// A cached value is one flat envelope:
//
//	format   one byte, 1
//	kind     one byte, 'f' for an entity that was found, 'a' for an absence
//	identity the cache key that the value was stored under, as a field
//	fields   those of the entity; none for an absence
//
// A field is its length as a uvarint, then its bytes. Every byte is accounted
// for, so a truncated value or one with something behind it does not parse.
const (
	format      = 1
	kindFound   = 'f'
	kindAbsence = 'a'
)

func seal(kind byte, key string) []byte {
	b := make([]byte, 0, 128+len(key)) // room for most entities
	return appendField(append(b, format, kind), key)
}

// unseal returns the fields of an envelope that belongs to key.
func unseal(value []byte, key string) (fields string, kind byte, ok bool) {
	s := string(value) // the one copy; all fields are cut from it
	if len(s) < 2 || s[0] != format {
		return "", 0, false
	}
	identity, fields, ok := cutField(s[2:])
	if !ok || identity != key {
		return "", 0, false
	}
	switch kind = s[1]; kind {
	case kindFound:
		return fields, kind, true
	case kindAbsence:
		return "", kind, fields == ""
	default:
		return "", 0, false
	}
}

// AppendFields appends the fields of an entity to an envelope.
func AppendFields(b []byte, fields ...string) []byte {
	for _, f := range fields {
		b = appendField(b, f)
	}
	return b
}

// CutFields is the inverse of [AppendFields]. It reports false where s is
// anything but exactly as many fields.
func CutFields(s string, fields ...*string) bool {
	for _, f := range fields {
		var ok bool
		if *f, s, ok = cutField(s); !ok {
			return false
		}
	}
	return s == ""
}

func appendField(b []byte, field string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(field))), field...)
}

// cutField cuts the first field off s. It reports false where s does not start
// with a whole one.
func cutField(s string) (field, rest string, ok bool) {
	var length uint64
	for i := range min(len(s), binary.MaxVarintLen32) {
		length |= uint64(s[i]&0x7f) << (7 * i)
		if s[i] < 0x80 {
			rest = s[i+1:]
			if length > uint64(len(rest)) {
				return "", "", false
			}
			return rest[:length], rest[length:], true
		}
	}
	return "", "", false
}
