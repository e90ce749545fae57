package app

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/warmclient/warmclient/accounts"
)

// refusal is an answer that is the client's doing, found before the service is asked.
type refusal struct {
	status  int
	message string
	allow   string // for the header Allow
}

func (r *refusal) Error() string { return "app: " + r.message }

func refuse(status int, format string, args ...any) *refusal {
	return &refusal{status: status, message: fmt.Sprintf(format, args...)}
}

// failures are all that a client learns of a failure: its cause is in the log.
var failures = map[int]string{
	http.StatusInternalServerError: "internal error",
	http.StatusServiceUnavailable:  "temporarily unavailable, try again later",
	http.StatusGatewayTimeout:      "no answer in time, try again later",
}

// explain returns what a client is told about err.
func explain(err error) (status int, message string) {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.status, r.message
	}
	status = accounts.HTTPStatus(err)
	if message, ok := failures[status]; ok {
		return status, message
	}
	if e, ok := errors.AsType[*accounts.Error](err); ok {
		err = e
	}
	return status, strings.TrimPrefix(err.Error(), "accounts: ")
}
