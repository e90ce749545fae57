package accounts_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/accounts"
)

func TestAddedMemberIsStoredAsTheTutorialsItem(t *testing.T) {
	s, db, _ := withCompany(t, patient)
	m, err := s.AddUserToOrganization(t.Context(),
		accounts.Membership{Organization: "Tech Corp", Username: "dan", Role: accounts.Member}, "ann")
	require.NoError(t, err)
	assert.Equal(t, accounts.Membership{Organization: "tech-corp", Username: "dan", Role: accounts.Member}, m)
	_, writes := db.counted()
	assert.Equal(t, 1, writes)
	stored := db.get("ORGMEMBERS#tech-corp", "MEMBER#dan")
	assert.NotEmpty(t, text(stored["requestId"]))
	delete(stored, "requestId")
	assert.Equal(t, item{
		"PK": str("ORGMEMBERS#tech-corp"), "SK": str("MEMBER#dan"),
		"organizationName": str("tech-corp"), "memberUsername": str("dan"), "role": str("Member"),
	}, stored)
}

func TestRoleDecidesWhoMayAddWhom(t *testing.T) {
	may := map[string][]accounts.Role{
		"ann": {accounts.Owner, accounts.Admin, accounts.Member}, // Owner
		"bob": {accounts.Admin, accounts.Member},                 // Admin
		"cat": {},                                                // Member
	}
	for adder, roles := range may {
		for _, role := range []accounts.Role{accounts.Owner, accounts.Admin, accounts.Member} {
			t.Run(fmt.Sprint(adder, " adds ", role), func(t *testing.T) {
				s, _, _ := withCompany(t, patient)
				_, err := s.AddUserToOrganization(t.Context(),
					accounts.Membership{Organization: "tech-corp", Username: "dan", Role: role}, adder)
				if slices.Contains(roles, role) {
					assert.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, accounts.Forbidden)
				assert.ErrorContains(t, err, `membership "tech-corp/`+adder+`": forbidden`)
			})
		}
	}
}

func TestAddUserToOrganizationReportsTheFirstOfSeveralReasons(t *testing.T) {
	const everything = "no organization, no user, adder no member, taken"
	for name, test := range map[string]struct {
		member, addedBy string
		role            accounts.Role
		without         []string // items that are missing
		want            accounts.Error
	}{
		everything: {
			"bob", "dan", accounts.Owner, []string{"ORG#tech-corp", "USER#bob"},
			accounts.Error{Kind: accounts.NotFound, Entity: "organization", ID: "tech-corp"},
		},
		"no user, adder no member, taken": {
			"bob", "dan", accounts.Owner, []string{"USER#bob"},
			accounts.Error{Kind: accounts.NotFound, Entity: "user", ID: "bob"},
		},
		"adder no member, taken": {
			"bob", "dan", accounts.Owner, nil,
			accounts.Error{Kind: accounts.NotFound, Entity: "membership", ID: "tech-corp/dan", Reason: "only members can add members"},
		},
		"adder's role too low, taken": {
			"bob", "cat", accounts.Member, nil,
			accounts.Error{Kind: accounts.Forbidden, Entity: "membership", ID: "tech-corp/cat", Reason: "the role is too low to add this role: Member"},
		},
		"taken": {
			"bob", "ann", accounts.Member, nil,
			accounts.Error{Kind: accounts.AlreadyExists, Entity: "membership", ID: "tech-corp/bob"},
		},
		"adds itself, no organization": {
			"bob", "bob", accounts.Member, []string{"ORG#tech-corp"},
			accounts.Error{Kind: accounts.NotFound, Entity: "organization", ID: "tech-corp"},
		},
		"adds itself, no user": {
			"bob", "bob", accounts.Member, []string{"USER#bob"},
			accounts.Error{Kind: accounts.NotFound, Entity: "user", ID: "bob"},
		},
		"adds itself, no member": {
			"dan", "dan", accounts.Member, nil,
			accounts.Error{Kind: accounts.NotFound, Entity: "membership", ID: "tech-corp/dan", Reason: "only members can add members"},
		},
		"adds itself, role too low": {
			"bob", "bob", accounts.Owner, nil,
			accounts.Error{Kind: accounts.Forbidden, Entity: "membership", ID: "tech-corp/bob", Reason: "the role is too low to add this role: Owner"},
		},
		"adds itself, and could": {
			"bob", "bob", accounts.Admin, nil,
			accounts.Error{Kind: accounts.AlreadyExists, Entity: "membership", ID: "tech-corp/bob"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, db, _ := withCompany(t, patient)
			for _, key := range test.without {
				db.remove(key, key)
			}
			before := len(db.items)
			_, err := s.AddUserToOrganization(t.Context(),
				accounts.Membership{Organization: "tech-corp", Username: test.member, Role: test.role}, test.addedBy)
			assert.Equal(t, &test.want, err)
			assert.Len(t, db.items, before, "nothing is written")
			_, writes := db.counted()
			assert.Equal(t, 1, writes)
		})
	}
}

func TestRemovedOwnerWhoseMembershipIsStillCachedCannotAddAMember(t *testing.T) {
	s, db, _ := withCompany(t, patient)
	db.remove("ORGMEMBERS#tech-corp", "MEMBER#ann")
	m, err := s.GetMembership(t.Context(), "tech-corp", "ann")
	require.NoError(t, err)
	require.Equal(t, accounts.Owner, m.Role, "still cached")
	gets, _ := db.counted()
	require.Zero(t, gets)

	_, err = s.AddUserToOrganization(t.Context(),
		accounts.Membership{Organization: "tech-corp", Username: "dan", Role: accounts.Member}, "ann")
	require.ErrorIs(t, err, accounts.NotFound)
	assert.Nil(t, db.get("ORGMEMBERS#tech-corp", "MEMBER#dan"))
}

func TestAddedMemberMayAddAtOnce(t *testing.T) {
	s, _, _ := withCompany(t, patient)
	_, err := s.AddUserToOrganization(t.Context(),
		accounts.Membership{Organization: "tech-corp", Username: "dan", Role: accounts.Admin}, "bob")
	require.NoError(t, err)
	_, err = s.CreateUser(t.Context(), accounts.User{Username: "eve"})
	require.NoError(t, err)
	_, err = s.AddUserToOrganization(t.Context(),
		accounts.Membership{Organization: "tech-corp", Username: "eve", Role: accounts.Member}, "dan")
	require.NoError(t, err)
}
