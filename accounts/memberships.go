package accounts

import (
	"context"
	"errors"

	"github.com/warmclient/warmclient/readaside"
)

// AddUserToOrganization makes a user a member of an organization, on behalf of addedBy, and returns
// the membership with the organization's slug. An [Owner] may add anyone, an [Admin] admins and
// members.
//
// Everything is checked in the one transaction that writes the membership, and never in the cache,
// so a removed owner cannot add anyone. The error is [Invalid] for names and roles that break the
// rules, otherwise the first that applies of: [NotFound] for the organization, for the user, for
// addedBy's membership, [Forbidden] where addedBy's role is too low, and [AlreadyExists].
func (s *Service) AddUserToOrganization(ctx context.Context, m Membership, addedBy string) (Membership, error) {
	o, err := checkMembership(m, addedBy)
	if err != nil {
		return Membership{}, err
	}
	m.Organization = o.slug
	steps := []step{s.organizationExists(o), s.userExists(m.Username)}
	change := s.memberships.ChangedTo(m.id(), m)
	if addedBy == m.Username {
		change = s.memberships.Changed(m.id()) // the transaction always fails
		steps = append(steps, s.addsItself(o, m))
	} else {
		taken := o.refuse(AlreadyExists, "membership", m.Username, "")
		steps = append(steps, s.mayAdd(o, m, addedBy), s.create(membershipItem(m), newRequestID(), taken))
	}
	err = s.transact(ctx, []readaside.Change{change}, steps...)
	if err == nil && addedBy == m.Username {
		err = errors.New("the table passed a check that always fails")
	}
	if err != nil {
		return Membership{}, failed(err, "add membership", o.id(m.Username))
	}
	return m, nil
}

// GetMembership returns a user's membership of the organization that is known under the slug of the
// given name. The error is [Invalid] for names that break the rules, [NotFound] where there is no
// such membership, organization or user. The membership may be up to TTL old if something other
// than a Service has changed it, so do not base authorization on it.
func (s *Service) GetMembership(ctx context.Context, organization, username string) (Membership, error) {
	o, err := parseOrgName(organization)
	if err != nil {
		return Membership{}, err
	}
	if err := checkUsername(username); err != nil {
		return Membership{}, err
	}
	return get(ctx, s.memberships, memberID{o.slug, username}, "membership", o.id(username), o.reason(""))
}

// checkMembership returns the name of m's organization.
func checkMembership(m Membership, addedBy string) (orgName, error) {
	o, err := parseOrgName(m.Organization)
	if err != nil {
		return o, err
	}
	if err := checkUsername(m.Username); err != nil {
		return o, err
	}
	if !m.Role.valid() {
		return o, o.refuse(Invalid, "membership", m.Username, "the role must be Owner, Admin or Member")
	}
	return o, checkUsername(addedBy)
}

// mayAdd checks that addedBy is a member whose role is high enough for m. If the check fails, the
// old item tells which condition was not met.
func (s *Service) mayAdd(o orgName, m Membership, addedBy string) step {
	adder := memberID{o.slug, addedBy}
	values := attributes{":owner": text(string(Owner))}
	condition := "#role = :owner"
	if Admin.mayAdd(m.Role) {
		values[":admin"] = text(string(Admin))
		condition = "#role IN (:owner, :admin)"
	}
	return s.check(memberKey(adder), condition, values, func(old attributes) *Error {
		if len(old) == 0 {
			return o.refuse(NotFound, "membership", addedBy, "only members can add members")
		}
		return forbidden(o, m, addedBy)
	})
}

// addsItself replaces the checks of the adder and of the new member where both are the same user,
// since DynamoDB refuses a transaction that touches an item twice. The condition always fails: the
// user is either no member, or one already. The old item tells which.
func (s *Service) addsItself(o orgName, m Membership) step {
	const never = "attribute_exists(PK) AND attribute_not_exists(PK)"
	return s.check(memberKey(m.id()), never, nil, func(old attributes) *Error {
		if len(old) == 0 {
			return o.refuse(NotFound, "membership", m.Username, "only members can add members")
		}
		var role Role
		if err := read(old, required("role", (*string)(&role))); err != nil || !role.mayAdd(m.Role) {
			return forbidden(o, m, m.Username)
		}
		return o.refuse(AlreadyExists, "membership", m.Username, "")
	})
}

func forbidden(o orgName, m Membership, adder string) *Error {
	return o.refuse(Forbidden, "membership", adder, "the role is too low to add this role: "+string(m.Role))
}
