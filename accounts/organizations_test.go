package accounts_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/accounts"
)

func TestOrganizationAndItsFirstOwnerAreOneTransaction(t *testing.T) {
	s, db, _ := withCompany(t, patient)
	org, err := s.CreateOrganization(t.Context(), "Acme & Söhne", "dan")
	require.NoError(t, err)
	assert.Equal(t, accounts.Organization{Name: "acme-and-sohne", FoundingUser: "dan"}, org)
	_, writes := db.counted()
	assert.Equal(t, 1, writes)

	for key, want := range map[[2]string]item{
		{"ORG#acme-and-sohne", "ORG#acme-and-sohne"}: {
			"organizationName": str("acme-and-sohne"), "foundingUser": str("dan"),
		},
		{"ORGMEMBERS#acme-and-sohne", "MEMBER#dan"}: {
			"organizationName": str("acme-and-sohne"), "memberUsername": str("dan"), "role": str("Owner"),
		},
	} {
		stored := db.get(key[0], key[1])
		assert.NotEmpty(t, text(stored["requestId"]))
		delete(stored, "requestId")
		want["PK"], want["SK"] = str(key[0]), str(key[1])
		assert.Equal(t, want, stored)
	}
}

func TestOrganizationIsKnownUnderAnyNameOfItsSlug(t *testing.T) {
	s, _, _ := withCompany(t, patient)
	for _, name := range []string{"Tech Corp", "tech-corp", " TECH  corp! "} {
		org, err := s.GetOrganization(t.Context(), name)
		require.NoError(t, err)
		assert.Equal(t, accounts.Organization{Name: "tech-corp", FoundingUser: "ann"}, org)
		m, err := s.GetMembership(t.Context(), name, "ann")
		require.NoError(t, err)
		assert.Equal(t, accounts.Membership{Organization: "tech-corp", Username: "ann", Role: accounts.Owner}, m)
	}
}

func TestCreateOrganizationIsRefused(t *testing.T) {
	tests := map[string]struct {
		name, founder string
		prepare       func(db *table)
		want          accounts.Error
	}{
		"without its founder": {
			"acme", "zoe", nil,
			accounts.Error{Kind: accounts.NotFound, Entity: "user", ID: "zoe"},
		},
		"when the slug is taken": {
			"Tech, Corp", "dan", nil,
			accounts.Error{
				Kind: accounts.AlreadyExists, Entity: "organization", ID: "Tech, Corp", Reason: `the organization's slug is "tech-corp"`,
			},
		},
		"when the slug is taken and the founder is missing: the founder comes first": {
			"tech corp", "zoe", nil,
			accounts.Error{Kind: accounts.NotFound, Entity: "user", ID: "zoe"},
		},
		"when a membership was left over from an earlier one": {
			"acme", "dan", func(db *table) { db.put("ORGMEMBERS#acme", "MEMBER#dan", nil) },
			accounts.Error{Kind: accounts.AlreadyExists, Entity: "membership", ID: "acme/dan"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, db, _ := withCompany(t, patient)
			if test.prepare != nil {
				test.prepare(db)
			}
			before := len(db.items)
			_, err := s.CreateOrganization(t.Context(), test.name, test.founder)
			assert.Equal(t, &test.want, err)
			assert.Len(t, db.items, before, "nothing is written")
		})
	}
}

func TestMissingOrganizationIsNotFound(t *testing.T) {
	s, _, _ := withCompany(t, patient)
	_, err := s.GetOrganization(t.Context(), "Acme")
	assert.Equal(t, &accounts.Error{
		Kind: accounts.NotFound, Entity: "organization", ID: "Acme", Reason: `the organization's slug is "acme"`,
	}, err)
	_, err = s.GetMembership(t.Context(), "Tech Corp", "dan")
	assert.Equal(t, &accounts.Error{
		Kind: accounts.NotFound, Entity: "membership", ID: "Tech Corp/dan", Reason: `the organization's slug is "tech-corp"`,
	}, err)
}
