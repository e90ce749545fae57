package app

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/warmclient/warmclient/accounts"
)

// refusal is an error of the client's request, found before the service is called.
type refusal struct {
	status  int
	message string
	allow   string // for the header Allow
}

func (r *refusal) Error() string { return "app: " + r.message }

func refuse(status int, format string, args ...any) *refusal {
	return &refusal{status: status, message: fmt.Sprintf(format, args...)}
}

// failures are the messages that a client gets for a failure. The cause is in the log.
var failures = map[int]string{
	http.StatusInternalServerError: "internal error",
	http.StatusServiceUnavailable:  "temporarily unavailable, try again later",
	http.StatusGatewayTimeout:      "no answer in time, try again later",
}

// explain returns the status and the message that a client gets for err.
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
