package valkeycache

import (
	"errors"
	"net"
	"sync/atomic"
)

// A guard is a connection that fails if the server violates the protocol. The client's reader
// panics if a length is invalid, or if there is an answer without a request, such as a gateway's
// message before it closes an idle connection, and it allocates what a length announces. The reader
// runs on its own goroutine, so the panic would end the process.
type guard struct {
	net.Conn

	out, in    framing // of the data written and read
	asked, got atomic.Int64
	ended      func() // called when reading has failed
}

var errProtocol = errors.New("the server does not keep to the protocol")

// The client writes from one goroutine at a time, and reads from one.

func (g *guard) Write(p []byte) (int, error) {
	n, err := g.out.feed(p)
	if err != nil {
		return 0, err
	}
	g.asked.Add(int64(n)) // before an answer can arrive
	return g.Conn.Write(p)
}

func (g *guard) Read(p []byte) (int, error) {
	n, err := g.Conn.Read(p)
	if !g.admit(p[:n]) {
		n, err = 0, errProtocol
	}
	if err != nil {
		g.ended()
	}
	return n, err
}

// admit reports whether p, the data read, belongs to answers to the requests written so far.
func (g *guard) admit(p []byte) bool {
	answers, err := g.in.feed(p)
	got := g.got.Add(int64(answers))
	if g.in.within() {
		got++ // the client would treat the rest as an answer
	}
	return err == nil && got <= g.asked.Load()
}

// idle reports whether all written requests have been answered.
func (g *guard) idle() bool { return g.got.Load() >= g.asked.Load() }

const (
	maxLength  = 512 << 20 // of a string, as in a server's default configuration (proto-max-bulk-len)
	maxMembers = 1 << 20   // of an array
	maxDepth   = 128       // of arrays in arrays, for each of which the client's reader calls itself
)

// framing finds the ends of messages in a RESP2 stream. Requests and answers have the same format.
type framing struct {
	open  []int64 // missing members of each unfinished array
	skip  int64   // missing bytes of a string, with its CRLF
	line  bool    // inside the first line of a message
	kind  byte
	size  int64
	minus bool
	digit bool
	cr    bool // the line must end now
}

// within reports whether a message has begun but not ended.
func (f *framing) within() bool { return len(f.open) > 0 || f.skip > 0 || f.line }

// feed processes the next bytes of the stream and returns how many messages end in them.
func (f *framing) feed(p []byte) (ends int, err error) {
	for i := 0; i < len(p); i++ {
		switch b := p[i]; {
		case f.skip > 0:
			n := min(f.skip, int64(len(p)-i))
			f.skip -= n
			i += int(n) - 1
			if f.skip == 0 {
				ends += f.end()
			}
		case !f.line:
			switch b {
			case '+', '-', ':', '$', '*':
				f.line, f.kind, f.size, f.minus, f.digit, f.cr = true, b, 0, false, false, false
			default:
				return ends, errProtocol
			}
		case b != '\n':
			if err := f.number(b); err != nil {
				return ends, err
			}
		default:
			f.line = false
			n, err := f.begin()
			if err != nil {
				return ends, err
			}
			ends += n
		}
	}
	return ends, nil
}

// number processes a byte of a length, which is the line of a string or an array.
func (f *framing) number(b byte) error {
	if f.kind != '$' && f.kind != '*' {
		return nil
	}
	switch {
	case f.cr:
		return errProtocol
	case b == '\r':
		f.cr = true
	case b == '-' && !f.minus && !f.digit:
		f.minus = true
	case b >= '0' && b <= '9' && f.size <= maxLength:
		f.size, f.digit = f.size*10+int64(b-'0'), true
	default:
		return errProtocol
	}
	return nil
}

// begin is called at the end of a message's line.
func (f *framing) begin() (ends int, err error) {
	if f.kind != '$' && f.kind != '*' {
		return f.end(), nil
	}
	switch {
	case !f.cr, !f.digit, f.size > maxLength, f.minus && f.size != 1:
		return 0, errProtocol // without the CR, the client would drop the last digit
	case f.minus, f.kind == '*' && f.size == 0: // nil, or an empty array
		return f.end(), nil
	case f.kind == '*' && (f.size > maxMembers || len(f.open) == maxDepth):
		return 0, errProtocol
	case f.kind == '*':
		f.open = append(f.open, f.size)
		return 0, nil
	default:
		f.skip = f.size + 2
		return 0, nil
	}
}

// end is called at the end of a value. The value may be the last member of the arrays that contain
// it.
func (f *framing) end() int {
	for len(f.open) > 0 {
		last := len(f.open) - 1
		if f.open[last]--; f.open[last] > 0 {
			return 0
		}
		f.open = f.open[:last]
	}
	return 1
}
