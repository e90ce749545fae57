package app

import (
	"cmp"
	"os"
)

func tableName() string       { return os.Getenv("TABLE_NAME") }
func cacheName() string       { return os.Getenv("CACHE_NAME") }
func secretID() string        { return cmp.Or(os.Getenv("MOMENTO_SECRET_ID"), "accounts/MomentoAuthToken") }
func secretKey() string       { return cmp.Or(os.Getenv("MOMENTO_SECRET_KEY"), "MOMENTO_AUTH_TOKEN") }
func momentoEndpoint() string { return os.Getenv("MOMENTO_ENDPOINT") }

// trustHeader reports whether anybody may call themselves what they like, as in the tutorial.
func trustHeader() bool { return os.Getenv("DEMO_TRUST_AUTHORIZATION_HEADER") == "true" }
