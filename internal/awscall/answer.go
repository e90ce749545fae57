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

// MaxAnswer is the maximum size of an answer or a file, after decompression. Secrets Manager allows
// 64 KiB, which JSON escapes may make six times larger.
const MaxAnswer = 1 << 20

var (
	// ErrMalformed is in the chain of each error about a malformed answer.
	ErrMalformed = errors.New("the answer is malformed")
	// ErrTooLarge means that the answer or file is larger than MaxAnswer.
	ErrTooLarge = errors.New("larger than 1 MiB")

	errNoBody   = errors.New("no body")
	errRedirect = fmt.Errorf("%w: the target of a redirect failed", ErrMalformed)
)

// Clean returns err, or a replacement without any part of an answer if err may contain one. Errors
// of a decoder or of net/http quote their input, the SDK adds a snapshot of the answer, and a
// response keeps buffers that a printer by reflection finds. The replacement keeps the cause of a
// broken connection in its chain, and the response if its status is 300 or above, because such an
// answer contains no secret.
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

// Malformed returns an error for err, which ended the reading of an answer. It contains no part of
// that answer.
func Malformed(err error) error { return malformed(err) }

func malformed(err error) *chain {
	clean := &chain{text: ErrMalformed.Error(), errs: []error{ErrMalformed}}
	if cause := knownCause(err); cause != nil {
		clean.add(": ", cause)
	}
	return clean
}

// quotes reports whether err may contain a part of an answer.
func quotes(err error) bool {
	if err == nil {
		return false
	}
	if _, ok := errors.AsType[*smithy.DeserializationError](err); ok {
		return true
	}
	// net/http has no error type for a malformed head, and its text quotes the line. If the HTTP
	// client has a timeout or retries, the chain also holds a known error, so the text is checked
	// first.
	text := err.Error()
	for _, words := range []string{"transport connection broken", "malformed HTTP", "malformed MIME", "malformed chunked"} {
		if strings.Contains(text, words) {
			return true
		}
	}
	exchange, ok := errors.AsType[*url.Error](err)
	return ok && knownCause(err) == nil && !isUnsent(exchange.Err) // a *url.Error is a net.Error itself
}

// isUnsent reports whether the connection failed before an answer could arrive, or the request is
// one that net/http does not send, for which it has no error type.
func isUnsent(err error) bool {
	for _, words := range []string{"unsupported protocol scheme ", "http: no Host in request URL", "net/http: invalid header field "} {
		if strings.HasPrefix(err.Error(), words) {
			return true
		}
	}
	_, isNet := errors.AsType[net.Error](err)
	_, isCertificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, isAlert := errors.AsType[tls.AlertError](err)
	_, isRecord := errors.AsType[tls.RecordHeaderError](err)
	return isNet || isCertificate || isAlert || isRecord || errors.Is(err, http.ErrSchemeMismatch)
}

// knownCause returns the first error in err's chain that is known to contain no input, or nil.
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

// limitBody makes a read of body fail after MaxAnswer bytes. A successful answer of zero bytes also
// fails, because the SDK accepts it as an empty output.
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

// dropUpgrade closes the connection of an answer with status 101. Its body is the connection, which
// net/http does not close when the context of the request is done.
func dropUpgrade(response *http.Response) {
	if response.StatusCode == http.StatusSwitchingProtocols {
		_ = response.Body.Close()
		response.Body = http.NoBody
	}
}

// ReadBody reads the body of response as [ReadLimited] does.
func ReadBody(response *http.Response) ([]byte, error) {
	dropUpgrade(response)
	return ReadLimited(response.Body)
}

// ReadLimited reads r to its end, up to MaxAnswer bytes, and returns ErrTooLarge beyond them.
func ReadLimited(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxAnswer+1))
	if err == nil && len(b) > MaxAnswer {
		return nil, ErrTooLarge
	}
	return b, err
}
