package accounts

import (
	"fmt"
	"maps"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Each entity has two forms beside its own: an item of the table, and the fields of a cache entry.

func userItem(u User) attributes {
	return item(userKey(u.Username), attributes{
		"username":  text(u.Username),
		"firstName": text(u.FirstName),
		"lastName":  text(u.LastName),
	})
}

func userOf(item attributes) (u User, err error) {
	err = read(item, required("username", &u.Username), optional("firstName", &u.FirstName), optional("lastName", &u.LastName))
	return u, err
}

func encodeUser(u User) ([]byte, error) { return encode(u.Username, u.FirstName, u.LastName), nil }

func decodeUser(b []byte) (u User, err error) {
	return u, decode(b, &u.Username, &u.FirstName, &u.LastName)
}

func organizationItem(o Organization) attributes {
	return item(organizationKey(o.Name), attributes{
		"organizationName": text(o.Name),
		"foundingUser":     text(o.FoundingUser),
	})
}

func organizationOf(item attributes) (o Organization, err error) {
	err = read(item, required("organizationName", &o.Name), required("foundingUser", &o.FoundingUser))
	return o, err
}

func encodeOrganization(o Organization) ([]byte, error) { return encode(o.Name, o.FoundingUser), nil }

func decodeOrganization(b []byte) (o Organization, err error) {
	return o, decode(b, &o.Name, &o.FoundingUser)
}

func membershipItem(m Membership) attributes {
	return item(memberKey(m.id()), attributes{
		"organizationName": text(m.Organization),
		"memberUsername":   text(m.Username),
		"role":             text(string(m.Role)),
	})
}

func membershipOf(item attributes) (m Membership, err error) {
	err = read(item, required("organizationName", &m.Organization), required("memberUsername", &m.Username),
		required("role", (*string)(&m.Role)))
	if err == nil && !m.Role.valid() {
		err = fmt.Errorf("the item has the unknown role %q", m.Role)
	}
	return m, err
}

func encodeMembership(m Membership) ([]byte, error) {
	return encode(m.Organization, m.Username, string(m.Role)), nil
}

func decodeMembership(b []byte) (m Membership, err error) {
	return m, decode(b, &m.Organization, &m.Username, (*string)(&m.Role))
}

func (m Membership) id() memberID { return memberID{m.Organization, m.Username} }

func item(key, rest attributes) attributes {
	maps.Copy(rest, key)
	return rest
}

// attribute is where one string attribute of an item goes.
type attribute struct {
	name     string
	into     *string
	required bool
}

func required(name string, into *string) attribute { return attribute{name, into, true} }
func optional(name string, into *string) attribute { return attribute{name, into, false} }

// read sets the attributes of the list from an item. Others are ignored, since other writers of the
// table may add some.
func read(item attributes, list ...attribute) error {
	for _, a := range list {
		switch v := item[a.name].(type) {
		case *types.AttributeValueMemberS:
			*a.into = v.Value
		case nil:
			if a.required {
				return fmt.Errorf("the item has no attribute %s", a.name)
			}
		default:
			return fmt.Errorf("the item's attribute %s is not a string", a.name)
		}
	}
	return nil
}
