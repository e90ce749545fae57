package valkeycache

import (
	"bytes"
	"context"
	"fmt"

	"github.com/warmclient/warmclient/secrets"
)

// credentials returns the username and password of a connection. Both are "" if there are none.
func (o Opener) credentials(ctx context.Context) (username, password string, err error) {
	switch {
	case o.Credentials != nil:
		username, password, err = o.Credentials(ctx)
		if err != nil {
			return "", "", fmt.Errorf("valkeycache: get the credentials: %w", err)
		}
		return username, password, nil
	case o.Source == nil:
		return o.Username, "", nil
	}
	doc, err := o.Source.Fetch(ctx)
	if err != nil {
		return "", "", fmt.Errorf("valkeycache: fetch the password: %w", err)
	}
	token, err := o.keyIn(doc)
	if err != nil {
		return "", "", fmt.Errorf("valkeycache: read the password: %w", err)
	}
	return o.Username, token.Reveal(), nil
}

// keyIn returns the password in doc.
func (o Opener) keyIn(doc secrets.Document) (secrets.Token, error) {
	text, err := doc.Bytes()
	object := err == nil && bytes.HasPrefix(bytes.TrimSpace(text), []byte("{"))
	switch {
	case object && o.Key == "":
		return secrets.Token{}, fmt.Errorf("secret %q is a JSON object: set Opener.Key to the member that holds the password", doc.Name())
	case object:
		return doc.Key(o.Key)
	default:
		return doc.Text()
	}
}
