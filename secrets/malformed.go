package secrets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	sdkhttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

var errMalformed = errors.New("the answer cannot be read")

// withoutInput replaces an error that quotes an answer, or holds it, by one
// that does not: a decoder's text quotes what it stumbled over, the SDK adds a
// snapshot, and the response keeps buffers that a printer by reflection would
// find. What broke the connection stays in the chain, as does the response of
// an answer that has no secret in it.
func withoutInput(err error) error {
	if _, ok := errors.AsType[*smithy.DeserializationError](err); !ok && !quotesHead(err) {
		return err
	}
	clean := unreadable(err)
	answer, ok := errors.AsType[*sdkhttp.ResponseError](err)
	if !ok || answer.ResponseError == nil || answer.Response == nil {
		return clean
	}
	if status := answer.HTTPStatusCode(); status < 300 {
		clean.text += fmt.Sprintf(" (status %d, request id %s)", status, answer.RequestID)
		return clean
	}
	return &sdkhttp.ResponseError{
		ResponseError: &smithyhttp.ResponseError{Response: answer.Response, Err: clean},
		RequestID:     answer.RequestID,
	}
}

// unreadable returns what may be said of err, which ended the reading of an answer.
func unreadable(err error) *chain {
	clean := &chain{text: errMalformed.Error(), errs: []error{errMalformed}}
	if cause := transportCause(err); cause != nil {
		clean.add(": ", cause)
	}
	return clean
}

// quotesHead reports whether net/http could not read an answer's head: it has no
// type for that, and its text quotes the line.
func quotesHead(err error) bool {
	return err != nil && strings.Contains(err.Error(), "transport connection broken") && transportCause(err) == nil
}

// transportCause returns what ended the reading of a body, one of a few known
// errors, none of which holds input.
func transportCause(err error) error {
	if cause, ok := errors.AsType[*net.OpError](err); ok {
		return cause
	}
	for _, cause := range []error{context.Canceled, context.DeadlineExceeded, io.ErrUnexpectedEOF, io.EOF} {
		if errors.Is(err, cause) {
			return cause
		}
	}
	return nil
}
