package secrets

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	hintPermission = "the caller needs secretsmanager:GetSecretValue, and kms:Decrypt where the secret's key is customer-managed"
	hintKMS        = "the caller needs kms:Decrypt on the secret's key"
	hintExpired    = "the AWS credentials have expired"
	hintUnknown    = "the AWS credentials are not known to the service"
	hintSignature  = "the signature was not accepted: a wrong secret access key, or a wrong clock"
	hintUnsigned   = "the request was not signed: the client has no AWS credentials"
	hintNone       = "no AWS credentials could be had"
)

// kindOf returns the kind of a call's error, nil where none fits, and a hint at
// what to do about it.
func kindOf(err error) (hint string, kind error) {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		if hint, kind := kindOfCode(api.ErrorCode(), api.ErrorMessage()); kind != nil {
			return hint, kind
		}
	}
	status := statusOf(err)
	switch {
	case status == http.StatusTooManyRequests:
		return "", ErrThrottled
	case status >= 500, errors.Is(err, errMalformed):
		return "", ErrUnavailable
	case status > 0:
		return "", nil
	}
	return "", kindOfTransport(err)
}

// kindOfCode knows the error codes of Secrets Manager and of the request signing
// in front of it.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html
func kindOfCode(code, message string) (hint string, kind error) {
	switch code {
	case "ResourceNotFoundException":
		return "", ErrNotFound
	case "DecryptionFailure":
		return "", ErrDecrypt
	case "InvalidRequestException":
		return "", ErrInvalidState
	case "InternalServiceError", "InternalFailure", "ServiceUnavailable":
		return "", ErrUnavailable
	case "AccessDeniedException", "AccessDenied", "NotAuthorized":
		// Secrets Manager reports a refusal of KMS under its own code.
		if strings.Contains(message, "KMS") {
			return hintKMS, ErrAccessDenied
		}
		return hintPermission, ErrAccessDenied
	case "KMSAccessDeniedException":
		return hintKMS, ErrAccessDenied
	case "ExpiredTokenException", "ExpiredToken":
		return hintExpired, ErrAccessDenied
	case "UnrecognizedClientException", "UnrecognizedClient", "InvalidClientTokenId", "InvalidAccessKeyId", "InvalidToken":
		return hintUnknown, ErrAccessDenied
	case "InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignatureException", "IncompleteSignature",
		"RequestExpired", "RequestTimeTooSkewed", "AuthFailure":
		return hintSignature, ErrAccessDenied
	case "MissingAuthenticationTokenException", "MissingAuthenticationToken":
		return hintUnsigned, ErrAccessDenied
	}
	if _, ok := retry.DefaultThrottleErrorCodes[code]; ok {
		return "", ErrThrottled
	}
	return "", nil
}

func kindOfTransport(err error) error {
	network, isNetwork := errors.AsType[net.Error](err)
	_, isSend := errors.AsType[*smithyhttp.RequestSendError](err)
	switch {
	case isNetwork && network.Timeout():
		return ErrTimeout
	case isNetwork, isSend, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return ErrUnavailable
	default:
		return nil
	}
}

// statusOf returns the HTTP status that err reports, 0 where no answer came.
func statusOf(err error) int {
	answer, ok := errors.AsType[interface {
		error
		HTTPStatusCode() int
	}](err)
	if !ok {
		return 0
	}
	return answer.HTTPStatusCode()
}
