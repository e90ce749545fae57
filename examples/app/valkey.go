package app

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"

	"github.com/valkey-io/valkey-go"

	"github.com/warmclient/warmclient/lazyclient"
	"github.com/warmclient/warmclient/readaside"
	"github.com/warmclient/warmclient/readaside/momentocache"
	"github.com/warmclient/warmclient/readaside/valkeycache"
	"github.com/warmclient/warmclient/secrets"
)

// Valkey is the client of the cache if CACHE_ENDPOINT is set. It replaces Momento. When its
// connection is broken or its password is refused, the secret is read again and a new client
// replaces it.
var Valkey = lazyclient.Holder[valkey.Client]{
	Name:    "valkey",
	Open:    openValkey,
	Release: valkeycache.Release,
	Stale:   valkeycache.IsStale,
	Observe: logHolder,
}

func cacheEndpoint() string { return os.Getenv("CACHE_ENDPOINT") }
func cacheUsername() string { return os.Getenv("CACHE_USERNAME") }
func cacheSecretID() string { return os.Getenv("CACHE_SECRET_ID") }

func openValkey(ctx context.Context) (valkey.Client, error) {
	opener := valkeycache.Opener{Address: cacheEndpoint(), Username: cacheUsername()}
	if id := cacheSecretID(); id != "" {
		api, err := SecretsManager.Get(ctx)
		if err != nil {
			return nil, err
		}
		opener.Source, opener.Key = secrets.SecretsManager{API: api, ID: id}, "password"
	}
	client, err := opener.Open(ctx)
	return client, valkeyError(err)
}

// cache returns the cache that the settings name, or nil if they name none, and its client.
func cache() (readaside.Cache, lazyclient.Warmer) {
	switch {
	case cacheEndpoint() != "":
		return &valkeycache.Cache{Client: &Valkey}, &Valkey
	case cacheName() != "":
		return &momentocache.Cache{Client: &Momento, Name: cacheName()}, &Momento
	default:
		return nil, nil
	}
}

// valkeyError returns the failure err of [valkeycache.Opener.Open] as a *settingError if a setting
// is its cause.
func valkeyError(err error) error {
	var variable string
	dns, _ := errors.AsType[*net.DNSError](err)
	switch {
	case err == nil:
		return nil
	case strings.HasPrefix(err.Error(), "valkeycache: Opener.Address "), dns != nil && dns.IsNotFound:
		variable = "CACHE_ENDPOINT"
	case errors.Is(err, secrets.ErrNotFound), isRefused(err), isUnreadable(err), isNoAuth(err):
		variable = "CACHE_SECRET_ID"
	default:
		return err
	}
	return &settingError{variable, err}
}

// isNoAuth reports whether the server requires a password and got none.
func isNoAuth(err error) bool {
	answer, ok := errors.AsType[*valkey.ValkeyError](err)
	return ok && strings.HasPrefix(answer.Error(), "NOAUTH ")
}
