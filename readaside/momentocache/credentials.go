package momentocache

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/momentohq/client-sdk-go/auth"

	"github.com/warmclient/warmclient/secrets"
)

const redacted = "REDACTED"

// credentials is the credential provider that a client is made with. The SDK
// logs its provider, and its own kind prints the token's ends; this one prints
// nothing of it, and as it holds the token behind a func, a printer that walks
// the client by reflection finds nothing either.
type credentials struct {
	auth.CredentialProvider // the endpoints; made without a token
	token                   secrets.Token
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

// newCredentials reads a token as the SDK does, then refuses what can never
// work. Its errors carry nothing of the token, so none of the SDK's are in them:
// those quote bytes that they stumble over.
func newCredentials(token secrets.Token, endpoint string) (auth.CredentialProvider, error) {
	parsed, err := auth.FromString(token.Reveal())
	if err != nil {
		return nil, errMalformed
	}
	key, err := sendable(parsed.GetAuthToken())
	if err != nil {
		return nil, err
	}
	hosts := auth.AllEndpoints{
		ControlEndpoint: auth.Endpoint{Endpoint: parsed.GetControlEndpoint()},
		CacheEndpoint:   auth.Endpoint{Endpoint: parsed.GetCacheEndpoint()},
		TokenEndpoint:   auth.Endpoint{Endpoint: parsed.GetTokenEndpoint()},
		StorageEndpoint: auth.Endpoint{Endpoint: parsed.GetStorageEndpoint()},
	}
	if endpoint != "" {
		local := auth.Endpoint{Endpoint: endpoint, InsecureConnection: true}
		hosts = auth.AllEndpoints{ControlEndpoint: local, CacheEndpoint: local, TokenEndpoint: local, StorageEndpoint: local}
	} else if !reachable(hosts.CacheEndpoint.Endpoint) {
		return nil, errNoEndpoint
	}
	// The SDK's provider for its local server is the one that can be had
	// without a token; all of its endpoints are replaced.
	bare, err := auth.NewMomentoLocalProvider(nil)
	if err != nil {
		return nil, fmt.Errorf("make a credential provider: %w", err)
	}
	return credentials{bare, key}.WithEndpoints(hosts)
}
