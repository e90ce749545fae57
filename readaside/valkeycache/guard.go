package valkeycache

import (
	"errors"
	"net"
	"sync/atomic"
)

// A guard is a connection that ends where the server breaks the protocol. The client's reader
// panics at a length that cannot be, and at an answer that nothing has asked for, such as a
// gateway's word of farewell to an idle connection. It runs on a goroutine of its own, so that
// panic would end the process.
type guard struct {
	net.Conn

	out, in    framing // of what was written, and read
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
	g.asked.Add(int64(n)) // before an answer can come
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

// admit reports whether what was read are the answers, or a part of them, to what was asked.
func (g *guard) admit(p []byte) bool {
	answers, err := g.in.feed(p)
	got := g.got.Add(int64(answers))
	if g.in.within() {
		got++ // the client would take the rest for an answer
	}
	return err == nil && got <= g.asked.Load()
}

// idle reports whether all that was written has been answered.
func (g *guard) idle() bool { return g.got.Load() >= g.asked.Load() }

// maxLength is the longest string that a server takes by default (proto-max-bulk-len), and more
// members than an answer to this package's commands has.
const maxLength = 512 << 20

// framing finds the ends of messages in a stream of RESP2. A request is a message like an answer.
type framing struct {
	open  []int64 // members that the arrays that are open still lack
	skip  int64   // bytes of a string that are still to come, with its CRLF
	line  bool    // within the line that begins a message
	kind  byte
	size  int64
	minus bool
	digit bool
}

// within reports whether a message has begun and not ended.
func (f *framing) within() bool { return len(f.open) > 0 || f.skip > 0 || f.line }

// feed takes the next bytes of the stream and returns how many messages end in them.
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
				f.line, f.kind, f.size, f.minus, f.digit = true, b, 0, false, false
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

// number takes a byte of the line of a string or an array, which is a length.
func (f *framing) number(b byte) error {
	if f.kind != '$' && f.kind != '*' || b == '\r' {
		return nil
	}
	switch {
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
	case !f.digit, f.size > maxLength, f.minus && f.size != 1:
		return 0, errProtocol
	case f.minus, f.kind == '*' && f.size == 0: // nil, or an array of nothing
		return f.end(), nil
	case f.kind == '*':
		f.open = append(f.open, f.size)
		return 0, nil
	default:
		f.skip = f.size + 2
		return 0, nil
	}
}

// end is called at the end of a value, which may be the last one of the arrays around it.
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
