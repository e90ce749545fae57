package awscall

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	sdkhttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// MaxAnswer bounds what is read of an answer or a file, after decompression. Secrets Manager allows
// 64 KiB, of which JSON's escapes may make six times as much.
const MaxAnswer = 1 << 20

var (
	// ErrMalformed is in the chain of each error about an answer that cannot be used.
	ErrMalformed = errors.New("the answer is malformed")
	// ErrTooLarge says that more than MaxAnswer was to be read.
	ErrTooLarge = errors.New("larger than 1 MiB")

	errNoBody = errors.New("no body")
)

// Clean returns err, or an error in its place that holds nothing of an answer where err quotes or
// holds one: the text of a decoder or of net/http quotes what it met, the SDK adds a snapshot, and
// a response keeps buffers that a printer by reflection finds. What broke the connection stays in
// the chain, and so does the response of an answer that has no secret in it.
func Clean(err error) error {
	if !quotes(err) {
		return err
	}
	clean := malformed(err)
	answer, ok := errors.AsType[*sdkhttp.ResponseError](err)
	if !ok || answer.ResponseError == nil || answer.Response == nil || answer.Response.Response == nil {
		return clean
	}
	switch status := answer.HTTPStatusCode(); {
	case status == 0:
		return clean
	case status < 300:
		clean.text += fmt.Sprintf(" (status %d, request id %s)", status, answer.RequestID)
		return clean
	}
	return &sdkhttp.ResponseError{
		ResponseError: &smithyhttp.ResponseError{Response: answer.Response, Err: clean},
		RequestID:     answer.RequestID,
	}
}

// Malformed returns what may be said of err, which ended the reading of an answer.
func Malformed(err error) error { return malformed(err) }

func malformed(err error) *chain {
	clean := &chain{text: ErrMalformed.Error(), errs: []error{ErrMalformed}}
	if cause := knownCause(err); cause != nil {
		clean.add(": ", cause)
	}
	return clean
}

// quotes reports whether err may hold a piece of an answer.
func quotes(err error) bool {
	if err == nil {
		return false
	}
	if _, ok := errors.AsType[*smithy.DeserializationError](err); ok {
		return true
	}
	// net/http has no type for a malformed head, and its text quotes the line. With a time limit of
	// the HTTP client's own, or a client that retries, a known error is in the chain beside it.
	text := err.Error()
	for _, words := range []string{"transport connection broken", "malformed HTTP", "malformed MIME", "malformed chunked"} {
		if strings.Contains(text, words) {
			return true
		}
	}
	exchange, ok := errors.AsType[*url.Error](err)
	return ok && knownCause(err) == nil && !isHandshake(exchange.Err) // a *url.Error is a net.Error itself
}

// isHandshake reports whether there was no connection for an answer to come in on.
func isHandshake(err error) bool {
	_, isNet := errors.AsType[net.Error](err)
	_, isCertificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, isAlert := errors.AsType[tls.AlertError](err)
	_, isRecord := errors.AsType[tls.RecordHeaderError](err)
	return isNet || isCertificate || isAlert || isRecord || errors.Is(err, http.ErrSchemeMismatch)
}

// knownCause returns the error in err's chain that ended a call, one of a few that hold no input,
// or nil.
func knownCause(err error) error {
	if cause, ok := errors.AsType[*net.OpError](err); ok {
		return cause
	}
	for _, cause := range []error{
		context.Canceled, context.DeadlineExceeded, io.ErrUnexpectedEOF, io.EOF, ErrTooLarge, errNoBody,
	} {
		if errors.Is(err, cause) {
			return cause
		}
	}
	return nil
}

// limitBody makes the reading of body fail after MaxAnswer bytes. A successful answer of zero
// bytes, which the SDK takes for an empty output, fails too.
func limitBody(body io.ReadCloser, status int) io.ReadCloser {
	return &limitedBody{ReadCloser: body, left: MaxAnswer, empty: status/100 == 2}
}

type limitedBody struct {
	io.ReadCloser
	left  int // -1: it was too large
	empty bool
}

func (b *limitedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, ErrTooLarge
	}
	if len(p) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if n > b.left {
		n, err = b.left, ErrTooLarge
		b.left = -1
	} else {
		b.left -= n
	}
	b.empty = b.empty && n == 0
	if b.empty && errors.Is(err, io.EOF) {
		err = errNoBody
	}
	return n, err
}

// ReadLimited reads r to its end, up to MaxAnswer bytes, and returns ErrTooLarge beyond them.
func ReadLimited(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxAnswer+1))
	if err == nil && len(b) > MaxAnswer {
		return nil, ErrTooLarge
	}
	return b, err
}
