package accounts_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/warmclient/warmclient/accounts"
)

func TestErrorIsItsKindAndNamesEntityAndID(t *testing.T) {
	for kind, want := range map[accounts.Kind]struct {
		status int
		text   string
	}{
		accounts.Invalid:       {400, "invalid"},
		accounts.Forbidden:     {403, "forbidden"},
		accounts.NotFound:      {404, "not found"},
		accounts.AlreadyExists: {409, "already exists"},
	} {
		err := fmt.Errorf("handler: %w", &accounts.Error{Kind: kind, Entity: "user", ID: "ann", Reason: "so it is"})
		assert.ErrorIs(t, err, kind)
		assert.Equal(t, want.status, accounts.HTTPStatus(err))
		assert.Equal(t, want.status, accounts.HTTPStatus(kind))
		assert.EqualError(t, err, `handler: accounts: user "ann": `+want.text+`: so it is`)
		assert.EqualError(t, kind, "accounts: "+want.text)
		for other := range accounts.AlreadyExists + 1 {
			assert.Equal(t, other == kind, errors.Is(err, other))
		}
	}
}

func TestHTTPStatusOfAnythingElseIs500(t *testing.T) {
	for _, err := range []error{io.EOF, accounts.Kind(0), accounts.Kind(77), &accounts.Error{}} {
		assert.Equal(t, 500, accounts.HTTPStatus(err), err)
	}
	assert.Equal(t, 200, accounts.HTTPStatus(nil))
}
