package accounts

import (
	"encoding/binary"
	"errors"
)

var errEncoding = errors.New("accounts: the encoding is malformed")

// encode returns fields as a cache entry: the length of each as a uvarint, then its bytes. It is
// faster than JSON for a few short strings.
func encode(fields ...string) []byte {
	size := 0
	for _, f := range fields {
		size += binary.MaxVarintLen16 + len(f)
	}
	b := make([]byte, 0, size)
	for _, f := range fields {
		b = append(binary.AppendUvarint(b, uint64(len(f))), f...)
	}
	return b
}

// decode is the inverse of encode. Its error says that b is not exactly as many fields.
func decode(b []byte, fields ...*string) error {
	text := string(b) // the one copy; all fields are parts of it
	for _, f := range fields {
		length, n := binary.Uvarint(b)
		if n <= 0 || length > uint64(len(b)-n) {
			return errEncoding
		}
		end := n + int(length)
		*f = text[n:end]
		b, text = b[end:], text[end:]
	}
	if len(b) > 0 {
		return errEncoding
	}
	return nil
}
