package accounts_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/accounts"
)

var badNames = map[string]string{
	"too long":            strings.Repeat("a", 129),
	"too long in bytes":   strings.Repeat("ä", 65),
	"hash":                "ann#lee",
	"invalid UTF-8":       "ann\xff",
	"newline inside":      "ann\nlee",
	"NUL":                 "ann\x00",
	"C1 control":          "ann\u0085lee",
	"leading space":       " ann",
	"trailing tab":        "ann\t",
	"trailing wide space": "ann\u3000",
}

var goodNames = []string{
	"a", strings.Repeat("a", 128), strings.Repeat("ä", 64), "Ann Lee", "ann@example.com", "ann/lee", "名前", "o'neil", "🙂", "-", "ann:1",
}

func TestNamesThatBreakTheRulesAreInvalid(t *testing.T) {
	s, db, cache := withCompany(t, patient)
	bad := func(t *testing.T, err error) {
		t.Helper()
		require.ErrorIs(t, err, accounts.Invalid)
		assert.Equal(t, 400, accounts.HTTPStatus(err))
		assert.Less(t, len(err.Error()), 600)
		assert.True(t, utf8.ValidString(err.Error()))
	}
	for name, value := range badNames {
		t.Run(name, func(t *testing.T) {
			_, err := s.CreateUser(t.Context(), accounts.User{Username: value})
			bad(t, err)
			_, err = s.CreateUser(t.Context(), accounts.User{Username: "eve", FirstName: value})
			bad(t, err)
			assert.ErrorContains(t, err, `user "eve": invalid: the first name `)
			_, err = s.CreateUser(t.Context(), accounts.User{Username: "eve", LastName: value})
			bad(t, err)
			assert.ErrorContains(t, err, `user "eve": invalid: the last name `)
			_, err = s.GetUser(t.Context(), value)
			bad(t, err)
			_, err = s.CreateOrganization(t.Context(), "acme", value)
			bad(t, err)
			_, err = s.GetMembership(t.Context(), "acme", value)
			bad(t, err)
			_, err = s.AddUserToOrganization(t.Context(), accounts.Membership{Organization: "acme", Username: value, Role: accounts.Member}, "ann")
			bad(t, err)
			_, err = s.AddUserToOrganization(t.Context(), accounts.Membership{Organization: "acme", Username: "dan", Role: accounts.Member}, value)
			bad(t, err)
		})
	}
	_, err := s.GetUser(t.Context(), "")
	bad(t, err)
	require.EqualError(t, err, `accounts: user "": invalid: the username is empty`)

	gets, writes := db.counted()
	assert.Zero(t, gets+writes+cache.called(), "nothing is asked")
}

func TestNamesThatKeepTheRulesAreFine(t *testing.T) {
	for _, name := range goodNames {
		t.Run(name, func(t *testing.T) {
			s, _, _ := withCompany(t, patient)
			want := accounts.User{Username: name, FirstName: name, LastName: name}
			_, err := s.CreateUser(t.Context(), want)
			require.NoError(t, err)
			got, err := s.GetUser(t.Context(), name)
			require.NoError(t, err)
			assert.Equal(t, want, got)
			_, err = s.CreateOrganization(t.Context(), "acme", name)
			require.NoError(t, err)
		})
	}
}

func TestOrganizationNamesWithoutAFittingSlugAreInvalid(t *testing.T) {
	s, db, cache := withCompany(t, patient)
	for what, name := range map[string]string{
		"empty":           "",
		"white space":     " \t",
		"signs only":      "#!?",
		"slug too long":   strings.Repeat("a", 129),
		"slug grows":      strings.Repeat("&", 65),
		"name too long":   "a" + strings.Repeat(" ", 1024),
		"invalid UTF-8":   "acme\xff",
		"transliteration": strings.Repeat("щ", 64),
	} {
		t.Run(what, func(t *testing.T) {
			_, err := s.CreateOrganization(t.Context(), name, "ann")
			require.ErrorIs(t, err, accounts.Invalid)
			assert.ErrorContains(t, err, "accounts: organization ")
			_, err = s.GetOrganization(t.Context(), name)
			require.ErrorIs(t, err, accounts.Invalid)
			_, err = s.GetMembership(t.Context(), name, "ann")
			require.ErrorIs(t, err, accounts.Invalid)
			_, err = s.AddUserToOrganization(t.Context(), accounts.Membership{Organization: name, Username: "dan", Role: accounts.Member}, "ann")
			require.ErrorIs(t, err, accounts.Invalid)
		})
	}
	gets, writes := db.counted()
	assert.Zero(t, gets+writes+cache.called(), "nothing is asked")

	long := strings.Repeat("a", 128)
	org, err := s.CreateOrganization(t.Context(), long, "ann")
	require.NoError(t, err)
	assert.Equal(t, long, org.Name)
}

func TestRoleIsOneOfThree(t *testing.T) {
	s, _, _ := withCompany(t, patient)
	for _, role := range []accounts.Role{"", "owner", "King"} {
		_, err := s.AddUserToOrganization(t.Context(), accounts.Membership{Organization: "Tech Corp", Username: "dan", Role: role}, "ann")
		require.ErrorIs(t, err, accounts.Invalid)
		require.EqualError(t, err, `accounts: membership "Tech Corp/dan": invalid: the role must be Owner, Admin or Member; `+
			`the organization's slug is "tech-corp"`)
	}
}

func TestErrorsNameTheOrganizationAsTheCallerDoesAndTellItsSlug(t *testing.T) {
	s, _, _ := withCompany(t, patient)
	add := func(org, user string, role accounts.Role, by string) error {
		_, err := s.AddUserToOrganization(t.Context(), accounts.Membership{Organization: org, Username: user, Role: role}, by)
		return err
	}
	long := "Acme" + strings.Repeat(" ", 200)
	org, member := strings.Repeat("o", 128), strings.Repeat("m", 128)
	_, notMember := s.GetMembership(t.Context(), org, member)
	_, noOrg := s.GetOrganization(t.Context(), strings.Repeat("é", 100))
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"no organization": {
			add("Acme Inc", "dan", accounts.Member, "ann"),
			`accounts: organization "Acme Inc": not found: the organization's slug is "acme-inc"`,
		},
		"no member": {
			add("Tech Corp", "dan", accounts.Member, "dan"),
			`accounts: membership "Tech Corp/dan": not found: only members can add members; the organization's slug is "tech-corp"`,
		},
		"too low": {
			add("Tech Corp", "dan", accounts.Owner, "cat"),
			`accounts: membership "Tech Corp/cat": forbidden: the role is too low to add this role: Owner; the organization's slug is "tech-corp"`,
		},
		"exists": {
			add("Tech Corp", "bob", accounts.Member, "ann"),
			`accounts: membership "Tech Corp/bob": already exists: the organization's slug is "tech-corp"`,
		},
		"the slug itself": {
			add("tech-corp", "bob", accounts.Member, "ann"),
			`accounts: membership "tech-corp/bob": already exists`,
		},
		"a long name": {
			add(long, "bob", accounts.Member, "ann"),
			`accounts: organization "` + long[:128] + `...": not found: the organization's slug is "acme"`,
		},
		"two names of the greatest length": {notMember, `accounts: membership "` + org + "/" + member + `": not found`},
		"a long name that is read": {
			noOrg,
			`accounts: organization "` + strings.Repeat("é", 64) + `...": not found: the organization's slug is "` + strings.Repeat("e", 100) + `"`,
		},
	} {
		t.Run(name, func(t *testing.T) { assert.EqualError(t, test.err, test.want) })
	}
}
