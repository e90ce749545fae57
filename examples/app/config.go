package app

import (
	"cmp"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/momentohq/client-sdk-go/momento"

	"github.com/warmclient/warmclient/readaside/momentocache"
	"github.com/warmclient/warmclient/secrets"
)

func tableName() string       { return os.Getenv("TABLE_NAME") }
func cacheName() string       { return os.Getenv("CACHE_NAME") }
func secretID() string        { return cmp.Or(os.Getenv("MOMENTO_SECRET_ID"), "accounts/MomentoAuthToken") }
func momentoEndpoint() string { return os.Getenv("MOMENTO_ENDPOINT") }

// secretKey returns the member of the secret that holds the API key. It returns "" if the variable
// is set to "".
func secretKey() string {
	if key, ok := os.LookupEnv("MOMENTO_SECRET_KEY"); ok {
		return key
	}
	return "MOMENTO_AUTH_TOKEN"
}

// trustHeader reports whether the Authorization header is trusted, as in the tutorial.
func trustHeader() bool { return os.Getenv("DEMO_TRUST_AUTHORIZATION_HEADER") == "true" }

// settingError is the error of an environment variable with an invalid value.
type settingError struct {
	variable string
	err      error
}

func (e *settingError) Error() string {
	return e.variable + ": this setting cannot work: " + e.err.Error()
}
func (e *settingError) Unwrap() error { return e.err }

// tableError returns the failure err of the table as a *settingError if TABLE_NAME is its cause.
func tableError(err error) error {
	_, missing := errors.AsType[*types.ResourceNotFoundException](err)
	if missing || isRefused(err) {
		return &settingError{"TABLE_NAME", err}
	}
	return err
}

// isRefused reports whether a service of AWS refuses a request because its name is invalid, or
// because the role does not permit it. A role that permits one table or secret, as those of the
// templates do, gets that answer for any other name.
func isRefused(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return false
	}
	switch api.ErrorCode() {
	case "ValidationException", "InvalidParameterException", "AccessDeniedException":
		return true
	}
	return false
}

// isUnreadable reports whether the secret has no key or password in the expected form: it is empty,
// for example, or has white space around it.
func isUnreadable(err error) bool {
	e, ok := errors.AsType[*secrets.Error](err)
	return ok && e.Op == "read"
}

// momentoError returns the failure err of [momentocache.Opener.Open] as a *settingError if a
// setting is its cause. It compares texts if momentocache has no error value. It compares the most
// specific text first, because a text may quote the name of a secret or of a cache.
func momentoError(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	var variable string
	switch {
	case errors.Is(err, momentocache.ErrNeedsEndpoint),
		strings.HasPrefix(text, "momentocache: Opener.Endpoint "),
		strings.Contains(text, ", but Opener.Endpoint is "):
		variable = "MOMENTO_ENDPOINT"
	case strings.HasSuffix(text, "name resolver error: produced zero addresses"): // there is no such host
		variable = "MOMENTO_ENDPOINT"
		if momentoEndpoint() == "" { // the key names the host
			variable = "MOMENTO_SECRET_ID"
		}
	case errors.Is(err, secrets.ErrNotFound), isRefused(err):
		variable = "MOMENTO_SECRET_ID"
	case errors.Is(err, secrets.ErrNoKey),
		errors.Is(err, secrets.ErrNotString),
		strings.HasSuffix(text, "set Opener.Key to the member that holds the key"):
		variable = "MOMENTO_SECRET_KEY"
	case isUnreadable(err),
		strings.HasPrefix(text, "momentocache: API key in "): // it is malformed, expired or does not match the endpoint
		variable = "MOMENTO_SECRET_ID"
	case isCacheRefused(err):
		variable = "CACHE_NAME"
	default:
		return err
	}
	return &settingError{variable, err}
}

// isCacheRefused reports whether the cache does not exist or its name is invalid.
func isCacheRefused(err error) bool {
	m, ok := errors.AsType[momento.MomentoError](err)
	return ok && (m.Code() == momento.CacheNotFoundError || m.Code() == momento.InvalidArgumentError)
}

// reported contains the variables that were logged at ERROR.
var reported sync.Map

// levelOf returns the level of a line about err: ERROR for the first line that names a setting, and
// WARN for all others, because opening a client is retried repeatedly.
func levelOf(err error) slog.Level {
	if e, ok := errors.AsType[*settingError](err); ok {
		if _, again := reported.LoadOrStore(e.variable, true); !again {
			return slog.LevelError
		}
	}
	return slog.LevelWarn
}
