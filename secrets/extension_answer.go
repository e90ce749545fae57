package secrets

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/aws/smithy-go"

	"github.com/warmclient/warmclient/internal/awscall"
	"github.com/warmclient/warmclient/internal/awshttp"
)

// extensionAnswer is the part of GetSecretValue's answer that this package uses. The extension
// forwards that answer.
type extensionAnswer struct {
	VersionID    string  `json:"VersionId"`
	SecretString *string `json:"SecretString"`
	SecretBinary []byte  `json:"SecretBinary"`
}

func getFromExtension(ctx context.Context, p *awshttp.Progress, target *url.URL, token string) (*extensionAnswer, error) {
	request, err := http.NewRequestWithContext(p.Sending(ctx, target.Host), http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, err
	}
	if token != "" {
		request.Header.Set(extensionTokenHeader, token)
	}
	response, err := loopback.Do(request)
	if err != nil {
		return nil, awscall.CleanAttempt(p, err)
	}
	defer response.Body.Close()
	body, err := awscall.ReadBody(response)
	if err != nil {
		return nil, awscall.Malformed(err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, newRefusal(response.StatusCode, body)
	}
	var answer *extensionAnswer
	if json.Unmarshal(body, &answer) != nil || answer == nil {
		return nil, awscall.ErrMalformed // the decoder's error quotes the secret
	}
	return answer, nil
}

// refusal is an answer with a status other than 200. It keeps only the error code and message of
// the body, if there are any.
type refusal struct {
	status int
	cause  error
}

func newRefusal(status int, body []byte) error {
	text := string(body)
	// The first text is the extension's, the second is the provider's when it runs as an extension.
	if strings.Contains(text, "not ready to serve traffic") || strings.Contains(text, "Serving not enabled") {
		return &refusal{status: status, cause: errNotReady}
	}
	var coded struct {
		Type    string `json:"__type"`
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(body, &coded)
	if code := cmp.Or(findCode(coded.Type), coded.Type, coded.Code, findCode(text)); code != "" {
		return &refusal{status: status, cause: &smithy.GenericAPIError{Code: code, Message: coded.Message}}
	}
	if status < 400 {
		return &refusal{status: status, cause: awscall.ErrMalformed}
	}
	return &refusal{status: status}
}

// findCode returns the first error code that a text names.
func findCode(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) })
	i := slices.IndexFunc(words, func(word string) bool {
		_, kind := awscall.KindOfCode(word, "", "")
		return kind != nil
	})
	if i < 0 {
		return ""
	}
	return words[i]
}

// Error implements error.
func (r *refusal) Error() string {
	if r.cause == nil {
		return fmt.Sprintf("status %d of the extension", r.status)
	}
	return fmt.Sprintf("status %d of the extension: %v", r.status, r.cause)
}

func (r *refusal) Unwrap() error { return r.cause }

// HTTPStatusCode returns the status. The SDK's response errors have the same method.
func (r *refusal) HTTPStatusCode() int { return r.status }

const hintToken = "the extension did not accept the token; see the documentation of Extension for its sources"

func kindOfExtension(err error) (hint string, kind error) {
	hint, kind = awscall.KindOf(err, permission)
	status := awshttp.StatusOf(err)
	if kind == nil && (status == http.StatusUnauthorized || status == http.StatusForbidden) {
		return hintToken, ErrAccessDenied
	}
	return hint, kind
}
