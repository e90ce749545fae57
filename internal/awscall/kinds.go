package awscall

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/warmclient/warmclient/internal/awshttp"
)

// The kinds of a failed fetch. Package secrets exports and documents them.
var (
	ErrNotFound     = errors.New("secrets: not found")
	ErrAccessDenied = errors.New("secrets: access denied")
	ErrDecrypt      = errors.New("secrets: cannot decrypt")
	ErrInvalidState = errors.New("secrets: invalid state")
	ErrThrottled    = errors.New("secrets: throttled")
	ErrTimeout      = errors.New("secrets: timed out")
	ErrUnavailable  = errors.New("secrets: unavailable")
)

const (
	hintKMS       = "the caller needs kms:Decrypt on the KMS key"
	hintExpired   = "the AWS credentials have expired"
	hintUnknown   = "the AWS credentials are not known to the service"
	hintSignature = "the signature was not accepted: a wrong secret access key, or a wrong clock"
	hintUnsigned  = "the request was not signed: the client has no AWS credentials"
	hintNone      = "no AWS credentials"
)

// KindOf returns the kind of a call's error, or nil if none applies, and a hint how to fix it.
func KindOf(err error, permission string) (hint string, kind error) {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		if hint, kind := KindOfCode(api.ErrorCode(), api.ErrorMessage(), permission); kind != nil {
			return hint, kind
		}
	}
	status := awshttp.StatusOf(err)
	switch {
	case status == http.StatusTooManyRequests:
		return "", ErrThrottled
	case status >= 500, errors.Is(err, ErrMalformed):
		return "", ErrUnavailable
	case status > 0:
		return "", nil
	}
	return "", kindOfTransport(err)
}

// KindOfCode returns the kind of an error code of Secrets Manager, of Parameter Store, or of
// request signing, and a hint how to fix it.
//
//   - https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
//   - https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
//   - https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html
func KindOfCode(code, message, permission string) (hint string, kind error) {
	switch code {
	case "ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound":
		return "", ErrNotFound
	case "DecryptionFailure", "InvalidKeyId":
		return "", ErrDecrypt
	case "InvalidRequestException":
		return "", ErrInvalidState
	case "InternalServiceError", "InternalServerError", "InternalFailure", "ServiceUnavailable":
		return "", ErrUnavailable
	case "AccessDeniedException", "AccessDenied", "NotAuthorized":
		if isKMS(message) {
			return hintKMS, ErrAccessDenied
		}
		return "the caller needs " + permission + ", and kms:Decrypt where the KMS key is customer-managed", ErrAccessDenied
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

// isKMS reports whether the message of an AccessDeniedException describes a refusal by KMS, which
// the services report with their own code. The message may contain the name of a secret, but a name
// has no spaces and so cannot match.
func isKMS(message string) bool {
	for _, words := range []string{
		"Access to KMS is not allowed", "not authorized to perform: kms:", "ciphertext refers to a customer master key",
	} {
		if strings.Contains(message, words) {
			return true
		}
	}
	return false
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
