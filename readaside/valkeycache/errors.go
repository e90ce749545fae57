package valkeycache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/valkey-io/valkey-go"

	"github.com/warmclient/warmclient/internal/lateness"
	"github.com/warmclient/warmclient/readaside"
)

// errBroken is wrapped by the error of a call whose connection ended before the answer. A client
// has one connection and does not dial another. The holder opens another client instead.
var errBroken = errors.New("the connection is broken")

// IsStale reports whether the client should be replaced after err: the server does not accept its
// password (NOAUTH, WRONGPASS), the server has become a replica (READONLY), or the connection is
// broken or presumed dead. Use it as the Stale field of a holder. A missing permission (NOPERM),
// full memory (OOM) and a loading server (LOADING) are not included, because a new client would get
// the same error.
func IsStale(err error) bool {
	switch errorCode(err) {
	case "NOAUTH", "WRONGPASS", "READONLY":
		return true
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return true
	}
	for _, broken := range []error{errBroken, lateness.ErrDead, valkey.ErrClosing, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed} {
		if errors.Is(err, broken) {
			return true
		}
	}
	return false
}

// errorCode returns the code of the server's answer in the chain of err, or "" if there is none.
func errorCode(err error) string {
	if e, ok := errors.AsType[*scrubbedError](err); ok {
		return codeOf(e.text)
	}
	if e, ok := errors.AsType[*valkey.ValkeyError](err); ok && !e.IsNil() {
		return codeOf(e.Error())
	}
	return ""
}

// codeOf returns the code of an answer, which is its first word, such as WRONGPASS, or "" if it has
// none.
func codeOf(answer string) string {
	// Redis before version 7 wraps the error of a script's command in another error.
	if strings.Contains(answer, " -READONLY ") {
		return "READONLY"
	}
	code, _, _ := strings.Cut(answer, " ")
	return code
}

// notReady returns the error of a call that got no client. err is the reason.
func notReady(op string, err error) error {
	return fmt.Errorf("valkeycache: %s the server: %w: %w", op, readaside.ErrNotReady, err)
}

// callError is the error of a failed call. It also wraps the cause of the context, which the
// client's error does not.
type callError struct {
	text string
	errs []error
}

func (e *callError) Error() string   { return e.text }
func (e *callError) Unwrap() []error { return e.errs }

// newCallError returns the error for err, which a call on c with ctx returned. A nil err means that
// the call was not made because ctx was done.
func newCallError(ctx context.Context, c valkey.Client, op string, err error) error {
	server := "the server"
	if c, ok := c.(*client); ok {
		server = c.address
		if err != nil {
			err = c.scrub.err(err)
		}
	}
	e := &callError{text: "valkeycache: " + op + " " + server}
	if err != nil {
		e.errs = append(e.errs, err)
		e.text += ": " + err.Error()
		if errorCode(err) == "MOVED" {
			e.text += " (the server is in cluster mode, which valkeycache does not serve)"
		}
	}
	if ctx.Err() != nil {
		cause := context.Cause(ctx)
		e.errs = append(e.errs, ctx.Err(), cause)
		if why := cause.Error(); !strings.Contains(e.text, why) {
			e.text += ": " + why
		}
	}
	return e
}
