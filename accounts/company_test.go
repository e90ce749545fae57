package accounts_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/accounts"
)

func newService(t testing.TB, db accounts.DynamoDB, o accounts.Options) *accounts.Service {
	t.Helper()
	s, err := accounts.New(db, "accounts", o)
	require.NoError(t, err)
	return s
}

// patient is for tests outside bubbles: a stall of a busy machine is not to be taken for the
// cache's.
var patient = accounts.Options{CacheTimeout: time.Minute}

// withCompany returns a service, its table and cache. There are the users ann, bob, cat and dan,
// and the organization tech-corp, in which ann is Owner, bob Admin and cat Member.
func withCompany(t testing.TB, o accounts.Options) (*accounts.Service, *table, *memory) {
	t.Helper()
	db, cache := newTable(), newMemory()
	o.Cache = cache
	s := newService(t, db, o)
	for _, name := range []string{"ann", "bob", "cat", "dan"} {
		_, err := s.CreateUser(t.Context(), accounts.User{Username: name})
		require.NoError(t, err)
	}
	_, err := s.CreateOrganization(t.Context(), "Tech Corp", "ann")
	require.NoError(t, err)
	for name, role := range map[string]accounts.Role{"bob": accounts.Admin, "cat": accounts.Member} {
		_, err := s.AddUserToOrganization(t.Context(), accounts.Membership{Organization: "tech-corp", Username: name, Role: role}, "ann")
		require.NoError(t, err)
	}
	db.counted()
	cache.called()
	db.requests = nil
	return s, db, cache
}
