package valkeycache

import (
	"io"
	"net"

	"github.com/valkey-io/valkey-go"
)

// SpeaksTLS reports whether o connects over TLS.
func SpeaksTLS(o Opener) bool { return o.option(0).TLSConfig != nil }

// ErrProtocol is the error of a guard.
var ErrProtocol = errProtocol

// Guard returns conn with the guard of a client.
func Guard(conn net.Conn) net.Conn { return &guard{Conn: conn, ended: func() {}} }

// Frames returns how many messages end in a text that is fed in pieces of the given size.
func Frames(text string, size int) (ends int, err error) {
	var f framing
	for len(text) > 0 {
		n := min(size, len(text))
		more, err := f.feed([]byte(text[:n]))
		if err != nil {
			return 0, err
		}
		ends += more
		text = text[n:]
	}
	if f.within() {
		return ends, io.ErrUnexpectedEOF
	}
	return ends, nil
}

// Scrub returns text without parts of the password.
func Scrub(text, password string) string { return newScrubber(password).text(text) }

// Options returns the options of the clients that o opens.
func Options(o Opener) valkey.ClientOption { return o.option(connectTimeout) }
