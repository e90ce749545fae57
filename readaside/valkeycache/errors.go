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

// errBroken is in the chain of the error of a call whose connection ended before the answer. A
// client has one connection and does not dial another: the holder opens another client.
var errBroken = errors.New("the connection is broken")

// IsStale reports whether err says that the client should be replaced: the server does not accept
// its password (NOAUTH, WRONGPASS), it has become a replica (READONLY), or the connection is broken
// or presumed dead. It is for the Stale field of a holder. A missing permission (NOPERM), a full
// memory (OOM) and a server that is loading (LOADING) are something else, since a new client would
// meet them too.
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

// errorCode returns the code of an answer of the server in the chain of err, "" if there is none.
func errorCode(err error) string {
	if e, ok := errors.AsType[*scrubbedError](err); ok {
		return codeOf(e.text)
	}
	if e, ok := errors.AsType[*valkey.ValkeyError](err); ok && !e.IsNil() {
		return codeOf(e.Error())
	}
	return ""
}

// codeOf returns the first word of an answer, which is its code, such as WRONGPASS, if it has one.
func codeOf(answer string) string {
	// Redis before version 7 puts the error of a script's command into one of its own.
	if strings.Contains(answer, " -READONLY ") {
		return "READONLY"
	}
	code, _, _ := strings.Cut(answer, " ")
	return code
}

// notReady is the error of a call for which no client could be had, for the reason err.
func notReady(op string, err error) error {
	return fmt.Errorf("valkeycache: %s the server: %w: %w", op, readaside.ErrNotReady, err)
}

// callError is a failed call with the cause of its context's end, which the client leaves out.
type callError struct {
	text string
	errs []error
}

func (e *callError) Error() string   { return e.text }
func (e *callError) Unwrap() []error { return e.errs }

// newCallError describes the failure err of a call under ctx on c. A nil err stands for a call that
// was not made, since ctx was done.
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
