package momentocache

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/momentohq/client-sdk-go/auth"
	"github.com/momentohq/client-sdk-go/momento"

	"github.com/warmclient/warmclient/secrets"
)

// credentials is the credential provider that a client is made with. The SDK logs its provider, and
// its own kind prints the ends of the key. This one prints nothing of it, and a printer that walks
// the client by reflection finds nothing either, since a Token holds its text behind a func.
//
// From 1.39 on the SDK verifies TLS against GetCacheTlsHostname. The embedded provider returns "" for
// it, for which gRPC takes the host that it dials.
type credentials struct {
	auth.CredentialProvider // the endpoints
	token                   secrets.Token
}

func newCredentials(k apiKey, hosts auth.AllEndpoints) (auth.CredentialProvider, error) {
	// The SDK's provider for its local server is the one that can be had without a key. All of its
	// endpoints are replaced.
	local, err := auth.NewMomentoLocalProvider(nil)
	if err != nil {
		return nil, err
	}
	return credentials{local, k.token}.WithEndpoints(hosts)
}

func (c credentials) GetAuthToken() string { return c.token.Reveal() }

func (c credentials) WithEndpoints(e auth.AllEndpoints) (auth.CredentialProvider, error) {
	p, err := c.CredentialProvider.WithEndpoints(e)
	if err != nil {
		return nil, err
	}
	return credentials{p, c.token}, nil
}

func (credentials) String() string { return redacted }

// Format covers every verb; String alone would leave %#v, %d and the like.
func (credentials) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

func (credentials) LogValue() slog.Value { return slog.StringValue(redacted) }

// A client is the SDK's, with what has to be scrubbed from the errors of its calls.
type client struct {
	momento.CacheClient
	scrub scrubber
}
