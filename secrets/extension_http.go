package secrets

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aws/smithy-go"
)

const (
	extensionPort        = "2773"
	extensionTokenHeader = "X-Aws-Parameters-Secrets-Token"
	extensionTokenFile   = "/var/run/awssmatoken"
)

// loopback asks the extension. It knows no proxy, follows no redirect, so that
// the token goes nowhere else, and keeps no connection, which would be dead
// after a freeze.
var loopback = http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

var (
	errNotReady    = errors.New("the extension is not ready")
	errNotLoopback = errors.New("Extension.Endpoint must be an http URL of localhost or a loopback address")
)

func (e Extension) endpoint() (*url.URL, error) {
	endpoint := e.Endpoint
	if endpoint == "" {
		port := cmp.Or(os.Getenv("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"), extensionPort)
		endpoint = "http://" + net.JoinHostPort("localhost", port)
	}
	target, err := url.Parse(endpoint)
	if err != nil || target.Scheme != "http" || !isLoopback(target.Hostname()) {
		return nil, errNotLoopback
	}
	return target, nil
}

func isLoopback(host string) bool {
	return strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback()
}

// readExtensionToken returns "" if there is no token: then the request goes
// without, and it is the extension that refuses.
func readExtensionToken(ctx context.Context) (string, error) {
	for _, name := range []string{"AWS_TOKEN", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"} {
		token := os.Getenv(name)
		if path, ok := strings.CutPrefix(token, "file://"); ok {
			return readTokenFile(ctx, path)
		}
		if token != "" {
			return strings.TrimSpace(token), nil
		}
	}
	token, err := readTokenFile(ctx, extensionTokenFile)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	return token, err
}

func readTokenFile(ctx context.Context, path string) (string, error) {
	token, err := within(ctx, func() (string, error) { return readCapped(path) })
	return strings.TrimSpace(token), err
}

// extensionAnswer is what is used of GetSecretValue's answer, which the
// extension passes on.
type extensionAnswer struct {
	VersionID    string  `json:"VersionId"`
	SecretString *string `json:"SecretString"`
	SecretBinary []byte  `json:"SecretBinary"`
}

func (a *extensionAnswer) content() content {
	switch {
	case a.SecretString != nil:
		return content{text: *a.SecretString}
	case a.SecretBinary != nil:
		return content{binary: true, bytes: a.SecretBinary}
	default:
		return content{}
	}
}

func getFromExtension(ctx context.Context, target *url.URL, token string) (*extensionAnswer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, err
	}
	if token != "" {
		request.Header.Set(extensionTokenHeader, token)
	}
	response, err := loopback.Do(request)
	if err != nil {
		return nil, withoutInput(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxSize+1))
	if err != nil {
		return nil, unreadable(err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, newRefusal(response.StatusCode, body)
	}
	return decodeExtension(body)
}

// decodeExtension drops the decoder's error, which quotes the secret.
func decodeExtension(body []byte) (*extensionAnswer, error) {
	if len(body) > maxSize {
		return nil, fmt.Errorf("%w: %w", errMalformed, errTooLarge)
	}
	var answer *extensionAnswer
	if json.Unmarshal(body, &answer) != nil || answer == nil || !utf8.Valid(body) || hasLoneSurrogate(body) {
		return nil, errMalformed
	}
	return answer, nil
}

// refusal is an answer other than 200. Of its body only the error code and
// message are kept, where it has them.
type refusal struct {
	status int
	cause  error
}

func newRefusal(status int, body []byte) error {
	text := string(body)
	// The extension's words, and those of the agent where it runs as one.
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
		return &refusal{status: status, cause: errMalformed}
	}
	return &refusal{status: status}
}

// findCode returns the first error code that a text names.
func findCode(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) })
	i := slices.IndexFunc(words, func(word string) bool {
		_, kind := kindOfCode(word, "")
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

// HTTPStatusCode returns the status, under the name the SDK has for it.
func (r *refusal) HTTPStatusCode() int { return r.status }

const hintToken = "the extension did not accept the token; see Extension for where it is taken from"

func kindOfExtension(err error) (hint string, kind error) {
	hint, kind = kindOf(err)
	status := statusOf(err)
	if kind == nil && (status == http.StatusUnauthorized || status == http.StatusForbidden) {
		return hintToken, ErrAccessDenied
	}
	return hint, kind
}
