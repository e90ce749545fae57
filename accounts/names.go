package accounts

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gosimple/slug"
)

// maxName is the length limit of names and slugs in bytes. With the longest prefix it keeps keys
// far below DynamoDB's 1024 bytes for a sort key.
const maxName = 128

// maxUnslugged bounds the work of making a slug.
const maxUnslugged = 1024

// checkUser returns an error if u breaks the rules for names.
func checkUser(u User) error {
	if err := checkUsername(u.Username); err != nil {
		return err
	}
	if reason := invalidReason(u.FirstName); reason != "" {
		return invalid("user", u.Username, "the first name "+reason)
	}
	if reason := invalidReason(u.LastName); reason != "" {
		return invalid("user", u.Username, "the last name "+reason)
	}
	return nil
}

func checkUsername(username string) error {
	reason := invalidReason(username)
	if username == "" {
		reason = "is empty"
	}
	if reason != "" {
		return invalid("user", username, "the username "+reason)
	}
	return nil
}

// invalidReason returns why a name is invalid, or "". A '#' separates the parts of the table's
// keys.
func invalidReason(name string) string {
	switch {
	case len(name) > maxName:
		return "is longer than 128 bytes"
	case !utf8.ValidString(name):
		return "is not valid UTF-8"
	case strings.Contains(name, "#"):
		return "contains a #"
	case strings.ContainsFunc(name, unicode.IsControl):
		return "contains a control character"
	case strings.TrimSpace(name) != name:
		return "starts or ends with white space"
	default:
		return ""
	}
}

// orgName is the name of an organization as a caller gives it, and its slug. A slug is its own
// slug, and consists of a-z, 0-9, '-' and '_'.
type orgName struct{ given, slug string }

func parseOrgName(name string) (orgName, error) {
	if len(name) > maxUnslugged {
		return orgName{}, invalid("organization", name, "the name is longer than 1024 bytes")
	}
	if !utf8.ValidString(name) {
		return orgName{}, invalid("organization", name, "the name is not valid UTF-8")
	}
	made := slug.Make(name)
	switch {
	case made == "":
		return orgName{}, invalid("organization", name, "the name has no letters or digits that make a slug")
	case len(made) > maxName:
		return orgName{}, invalid("organization", name, "the name's slug is longer than 128 bytes")
	}
	return orgName{name, made}, nil
}

// refuse returns the refusal of an entity that is known by the organization's name, with username
// "", or by that and a username.
func (o orgName) refuse(kind Kind, entity, username, reason string) *Error {
	return &Error{Kind: kind, Entity: entity, ID: o.id(username), Reason: o.reason(reason)}
}

// id returns how errors name the organization, or a member of it.
func (o orgName) id(username string) string {
	if username == "" {
		return cut(o.given)
	}
	return memberID{cut(o.given), username}.String()
}

// reason adds the slug to a reason where the caller has not given the name in that form.
func (o orgName) reason(reason string) string {
	if o.given == o.slug {
		return reason
	}
	if reason != "" {
		reason += "; "
	}
	return reason + fmt.Sprintf("the organization's slug is %q", o.slug)
}

// invalid returns an error that quotes no more than the start of an overlong id.
func invalid(entity, id, reason string) error {
	return &Error{Kind: Invalid, Entity: entity, ID: cut(id), Reason: reason}
}

// cut returns the start of an overlong name.
func cut(name string) string {
	if len(name) <= maxName {
		return name
	}
	return strings.ToValidUTF8(name[:maxName], "") + "..."
}
