package accounts

import (
	"fmt"
	"maps"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/warmclient/warmclient/internal/readaside"
)

// Each entity has two forms beside its own: an item of the table, and the fields
// of a cache entry.

func userItem(u User) attributes {
	return item(userKey(u.Username), attributes{
		"username":  text(u.Username),
		"firstName": text(u.FirstName),
		"lastName":  text(u.LastName),
	})
}

func userOf(item attributes) (u User, err error) {
	err = read(item, need("username", &u.Username), want("firstName", &u.FirstName), want("lastName", &u.LastName))
	return u, err
}

func appendUser(b []byte, u User) []byte {
	return readaside.AppendFields(b, u.Username, u.FirstName, u.LastName)
}

func parseUser(fields string) (u User, ok bool) {
	ok = readaside.CutFields(fields, &u.Username, &u.FirstName, &u.LastName)
	return u, ok
}

func organizationItem(o Organization) attributes {
	return item(organizationKey(o.Name), attributes{
		"organizationName": text(o.Name),
		"foundingUser":     text(o.FoundingUser),
	})
}

func organizationOf(item attributes) (o Organization, err error) {
	err = read(item, need("organizationName", &o.Name), need("foundingUser", &o.FoundingUser))
	return o, err
}

func appendOrganization(b []byte, o Organization) []byte {
	return readaside.AppendFields(b, o.Name, o.FoundingUser)
}

func parseOrganization(fields string) (o Organization, ok bool) {
	ok = readaside.CutFields(fields, &o.Name, &o.FoundingUser)
	return o, ok
}

func membershipItem(m Membership) attributes {
	return item(memberKey(m.id()), attributes{
		"organizationName": text(m.Organization),
		"memberUsername":   text(m.Username),
		"role":             text(string(m.Role)),
	})
}

func membershipOf(item attributes) (m Membership, err error) {
	err = read(item, need("organizationName", &m.Organization), need("memberUsername", &m.Username),
		need("role", (*string)(&m.Role)))
	return m, err
}

func appendMembership(b []byte, m Membership) []byte {
	return readaside.AppendFields(b, m.Organization, m.Username, string(m.Role))
}

func parseMembership(fields string) (m Membership, ok bool) {
	ok = readaside.CutFields(fields, &m.Organization, &m.Username, (*string)(&m.Role))
	return m, ok
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

func need(name string, into *string) attribute { return attribute{name, into, true} }
func want(name string, into *string) attribute { return attribute{name, into, false} }

// read takes the attributes that an item must or may have. Others are ignored:
// whoever else writes to the table may add some.
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
			return fmt.Errorf("the item's attribute %s is no string", a.name)
		}
	}
	return nil
}
