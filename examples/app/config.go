package app

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/warmclient/warmclient/readaside/momentocache"
)

func tableName() string       { return os.Getenv("TABLE_NAME") }
func cacheName() string       { return os.Getenv("CACHE_NAME") }
func secretID() string        { return cmp.Or(os.Getenv("MOMENTO_SECRET_ID"), "accounts/MomentoAuthToken") }
func momentoEndpoint() string { return os.Getenv("MOMENTO_ENDPOINT") }

// secretKey returns the member of the secret that holds the API key. Set but empty, it names none.
func secretKey() string {
	if key, ok := os.LookupEnv("MOMENTO_SECRET_KEY"); ok {
		return key
	}
	return "MOMENTO_AUTH_TOKEN"
}

// trustHeader reports whether the Authorization header is believed, as in the tutorial.
func trustHeader() bool { return os.Getenv("DEMO_TRUST_AUTHORIZATION_HEADER") == "true" }

// errSetting is in the chain of an error that a change of the function's settings mends.
var errSetting = errors.New("this setting cannot work")

// settingError names the variable that err of momentocache is about, if it is about one.
func settingError(err error) error {
	if err == nil {
		return nil
	}
	for field, variable := range map[string]string{
		"Opener.Endpoint": "MOMENTO_ENDPOINT", "Opener.Cache": "CACHE_NAME", "Opener.Key": "MOMENTO_SECRET_KEY",
	} {
		if errors.Is(err, momentocache.ErrNeedsEndpoint) && field != "Opener.Endpoint" {
			continue
		}
		if strings.Contains(err.Error(), field) {
			return fmt.Errorf("%s: %w: %w", variable, errSetting, err)
		}
	}
	return err
}

// levelOf returns the level of a line about err.
func levelOf(err error) slog.Level {
	if errors.Is(err, errSetting) {
		return slog.LevelError
	}
	return slog.LevelWarn
}
