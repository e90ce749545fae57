package accounts

import (
	"context"

	"github.com/warmclient/warmclient/readaside"
)

// CreateOrganization creates an organization under the slug of name, and the
// founder's membership as its first [Owner], both or neither. The error is
// [Invalid] for a name that breaks the rules, [NotFound] where there is no such
// user, [AlreadyExists] where the slug is taken.
func (s *Service) CreateOrganization(ctx context.Context, name, foundingUser string) (Organization, error) {
	slug, err := slugOf(name)
	if err != nil {
		return Organization{}, err
	}
	if err := checkUsername(foundingUser); err != nil {
		return Organization{}, err
	}
	org := Organization{Name: slug, FoundingUser: foundingUser}
	owner := Membership{Organization: slug, Username: foundingUser, Role: Owner}
	id := newRequestID()
	err = s.transact(ctx, []readaside.Change{s.organizations.ChangedTo(slug, org), s.memberships.ChangedTo(owner.id(), owner)},
		s.userExists(foundingUser),
		s.create(organizationItem(org), id, &Error{Kind: AlreadyExists, Entity: "organization", ID: slug}),
		s.create(membershipItem(owner), id, &Error{Kind: AlreadyExists, Entity: "membership", ID: owner.id().String()}),
	)
	if err != nil {
		return Organization{}, failed(err, "create organization", slug)
	}
	return org, nil
}

// GetOrganization returns the organization that is known under the slug of name.
// The error is [Invalid] for a name without a slug, [NotFound] where there is no
// such organization.
func (s *Service) GetOrganization(ctx context.Context, name string) (Organization, error) {
	slug, err := slugOf(name)
	if err != nil {
		return Organization{}, err
	}
	return get(ctx, s.organizations, "organization", slug)
}

func (s *Service) userExists(username string) step {
	return s.exists(userKey(username), &Error{Kind: NotFound, Entity: "user", ID: username})
}

func (s *Service) organizationExists(slug string) step {
	return s.exists(organizationKey(slug), &Error{Kind: NotFound, Entity: "organization", ID: slug})
}
