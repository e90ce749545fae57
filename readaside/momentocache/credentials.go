package momentocache

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/momentohq/client-sdk-go/auth"
	"github.com/momentohq/client-sdk-go/momento"

	"github.com/warmclient/warmclient/secrets"
)

// credentials is the credential provider of a client. The SDK logs the provider, and the SDK's own
// provider prints the first and last characters of the key. This one prints no part of it. A
// printer that walks the client by reflection does not find the key either, because a Token keeps
// its text behind a func.
//
// Since version 1.39, the SDK verifies TLS against GetCacheTlsHostname. The embedded provider
// returns "", so that gRPC verifies against the host that it dials.
type credentials struct {
	auth.CredentialProvider // the endpoints
	token                   secrets.Token
}

func newCredentials(k apiKey, hosts auth.AllEndpoints) (auth.CredentialProvider, error) {
	// The SDK's provider for its local server is the only one that does not require a key. All of
	// its endpoints are replaced.
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

// Format covers every verb. String alone would not cover %#v and %d, for example.
func (credentials) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

func (credentials) LogValue() slog.Value { return slog.StringValue(redacted) }

// A client is the SDK's client with the scrubber for the errors of its calls.
type client struct {
	momento.CacheClient
	scrub scrubber
}
