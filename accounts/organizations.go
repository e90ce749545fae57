package accounts

import (
	"context"

	"github.com/warmclient/warmclient/readaside"
)

// CreateOrganization creates an organization under the slug of name, and the founder's membership
// as its first [Owner], both or neither. The error is [Invalid] for a name that breaks the rules,
// [NotFound] where there is no such user, [AlreadyExists] where the slug is taken.
func (s *Service) CreateOrganization(ctx context.Context, name, foundingUser string) (Organization, error) {
	o, err := parseOrgName(name)
	if err != nil {
		return Organization{}, err
	}
	if err := checkUsername(foundingUser); err != nil {
		return Organization{}, err
	}
	org := Organization{Name: o.slug, FoundingUser: foundingUser}
	owner := Membership{Organization: o.slug, Username: foundingUser, Role: Owner}
	id := newRequestID()
	err = s.transact(ctx, []readaside.Change{s.organizations.ChangedTo(o.slug, org), s.memberships.ChangedTo(owner.id(), owner)},
		s.userExists(foundingUser),
		s.create(organizationItem(org), id, o.refuse(AlreadyExists, "organization", "", "")),
		s.create(membershipItem(owner), id, o.refuse(AlreadyExists, "membership", foundingUser, "")),
	)
	if err != nil {
		return Organization{}, failed(err, "create organization", o.id(""))
	}
	return org, nil
}

// GetOrganization returns the organization that is known under the slug of name. The error is
// [Invalid] for a name without a slug, [NotFound] where there is no such organization.
func (s *Service) GetOrganization(ctx context.Context, name string) (Organization, error) {
	o, err := parseOrgName(name)
	if err != nil {
		return Organization{}, err
	}
	return get(ctx, s.organizations, o.slug, "organization", o.id(""), o.reason(""))
}

func (s *Service) userExists(username string) step {
	return s.exists(userKey(username), &Error{Kind: NotFound, Entity: "user", ID: username})
}

func (s *Service) organizationExists(o orgName) step {
	return s.exists(organizationKey(o.slug), o.refuse(NotFound, "organization", "", ""))
}
