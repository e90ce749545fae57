package readaside

import (
	"crypto/rand"
	"encoding/binary"
)

// A cache entry is one flat envelope:
//
//	format   one byte
//	kind     one byte
//	version  Entity.Version as a varint
//	key      its length as a uvarint, then the bytes: the key that the entry was stored under
//	payload  an encoded entity, nothing for a not-found result, or a nonce
//
// The format of leases and fences is 0 in every build, whatever the format of its values is, so
// that the first two bytes of a lease or a fence are known to every build: none takes another
// build's fence for an entry that may be overwritten.
const (
	markerFormat = 0
	valueFormat  = 1

	kindFound  = 'v'
	kindAbsent = 'n'
	kindLease  = 'l'
	kindFence  = 'f'
)

// seal returns an entry.
func seal(format, kind byte, version int, key string, payload []byte) []byte {
	b := make([]byte, 0, 2+2*binary.MaxVarintLen64+len(key)+len(payload))
	b = binary.AppendVarint(append(b, format, kind), int64(version))
	b = append(binary.AppendUvarint(b, uint64(len(key))), key...)
	return append(b, payload...)
}

// newMarker returns a lease or a fence that is equal to no other.
func newMarker(kind byte, key string) []byte {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails
	return seal(markerFormat, kind, 0, key, nonce[:])
}

// unseal returns the kind and the payload of an entry. The kind is zero where the entry is
// unreadable: of another format, version or key, or garbage.
func unseal(entry []byte, version int, key string) (kind byte, payload []byte) {
	if len(entry) < 2 {
		return 0, nil
	}
	kind, rest := entry[1], entry[2:]
	switch {
	case entry[0] == markerFormat && (kind == kindLease || kind == kindFence):
		return kind, nil
	case entry[0] != valueFormat || kind != kindFound && kind != kindAbsent:
		return 0, nil
	}
	v, n := binary.Varint(rest)
	if n <= 0 || v != int64(version) {
		return 0, nil
	}
	rest = rest[n:]
	size, n := binary.Uvarint(rest)
	if n <= 0 || size != uint64(len(key)) || uint64(len(rest)-n) < size {
		return 0, nil
	}
	rest = rest[n:]
	if string(rest[:size]) != key || kind == kindAbsent && uint64(len(rest)) != size {
		return 0, nil
	}
	return kind, rest[size:]
}
