package accounts_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/accounts"
)

// keysOf returns the keys under which two services, which differ in their prefix, keep the entities
// of a username and an organization's name: each by what identifies it.
func keysOf(t *testing.T, prefix, username, organization string, tableKeys, cacheKeys map[string]string) {
	slug := "?"
	note := func(kind, id string, err error, db *table, cache *memory) {
		if errors.Is(err, accounts.Invalid) {
			require.Empty(t, db.items)
			require.Empty(t, cache.keys())
			return
		}
		require.NoError(t, err)
		for key := range db.items {
			same(t, tableKeys, key, kind+" "+id)
		}
		require.Len(t, cache.keys(), 1)
		same(t, cacheKeys, cache.keys()[0], prefix+" "+kind+" "+id)
	}
	for _, kind := range []string{"user", "organization", "membership"} {
		db, cache := newTable(), newMemory()
		s := newService(t, &seeing{table: db}, accounts.Options{Cache: cache, CacheTimeout: time.Minute, KeyPrefix: prefix})
		switch kind {
		case "user":
			_, err := s.GetUser(t.Context(), username)
			note(kind, username, err, db, cache)
		case "organization":
			org, err := s.GetOrganization(t.Context(), organization)
			slug = org.Name
			note(kind, slug, err, db, cache)
			if err == nil {
				again, err := s.GetOrganization(t.Context(), slug)
				require.NoError(t, err)
				require.Equal(t, slug, again.Name, "a slug is its own slug")
				require.Regexp(t, "^[a-z0-9_-]{1,128}$", slug)
			}
		case "membership":
			_, err := s.GetMembership(t.Context(), organization, username)
			note(kind, slug+"\n"+username, err, db, cache)
		}
	}
}

// same requires that a key was never seen with another identity.
func same(t *testing.T, seen map[string]string, key, identity string) {
	if before, ok := seen[key]; ok {
		require.Equal(t, before, identity, "two identities share the key %q", key)
	}
	seen[key] = identity
}

func FuzzNoTwoIdentitiesShareAKey(f *testing.F) {
	f.Add("accounts", "ann", "acme", "accounts", "bob", "tech corp")
	f.Add("", "user", "user", "0", "USER", "user")
	f.Add("a", "x", "b", "a/user", "b", "x")
	f.Add("p/user/a", "b", "c", "p", "a/b", "user-a")
	f.Add("1:p", "a/b", "c", "p", "b", "c-a")
	f.Add("p", "b/c", "a", "p", "c", "a/b")
	f.Add("p", "x", "a_b", "p", "a/x", "a-b")
	f.Add("12", "3:p/user/x", "o", "1", "x", "2")
	f.Add("p", "ORG", "acme", "p", "MEMBER", "orgmembers")
	f.Fuzz(func(t *testing.T, prefix1, username1, organization1, prefix2, username2, organization2 string) {
		tableKeys, cacheKeys := make(map[string]string), make(map[string]string)
		for _, prefix := range []string{prefix1, prefix2} {
			if prefix == "" {
				prefix = "accounts"
			}
			for _, username := range []string{username1, username2} {
				for _, organization := range []string{organization1, organization2} {
					keysOf(t, prefix, username, organization, tableKeys, cacheKeys)
				}
			}
		}
	})
}
