package readaside

import (
	"bytes"
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

// appendHead appends all of an entry but its payload.
func appendHead(b []byte, format, kind byte, version int, key string) []byte {
	b = binary.AppendVarint(append(b, format, kind), int64(version))
	return append(binary.AppendUvarint(b, uint64(len(key))), key...)
}

// seal returns an entry.
func seal(format, kind byte, version int, key string, payload []byte) []byte {
	return append(appendHead(nil, format, kind, version, key), payload...)
}

// newMarker returns a lease or a fence that is equal to no other.
func newMarker(kind byte, key string) []byte {
	return seal(markerFormat, kind, 0, key, []byte(rand.Text()))
}

// unseal returns the kind and the payload of an entry. The kind is zero where the entry is
// unreadable: of another format, version or key, or malformed.
func unseal(entry []byte, version int, key string) (kind byte, payload []byte) {
	if len(entry) < 2 {
		return 0, nil
	}
	kind = entry[1]
	if entry[0] == markerFormat && (kind == kindLease || kind == kindFence) {
		return kind, nil
	}
	var buf [128]byte // spares most heads an allocation
	payload, ok := bytes.CutPrefix(entry, appendHead(buf[:0], valueFormat, kind, version, key))
	if !ok || kind != kindFound && (kind != kindAbsent || len(payload) > 0) {
		return 0, nil
	}
	return kind, payload
}
