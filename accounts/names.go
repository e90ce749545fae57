package accounts

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gosimple/slug"
)

// maxName is the length limit of names and slugs in bytes. With the longest
// prefix it keeps keys far below DynamoDB's 1024 bytes for a sort key.
const maxName = 128

// maxUnslugged bounds the work of making a slug.
const maxUnslugged = 1024

// checkUser says what is wrong with u, if anything.
func checkUser(u User) error {
	if err := checkUsername(u.Username); err != nil {
		return err
	}
	if reason := flaw(u.FirstName); reason != "" {
		return invalid("user", u.Username, "the first name "+reason)
	}
	if reason := flaw(u.LastName); reason != "" {
		return invalid("user", u.Username, "the last name "+reason)
	}
	return nil
}

func checkUsername(username string) error {
	reason := flaw(username)
	if username == "" {
		reason = "is empty"
	}
	if reason != "" {
		return invalid("user", username, "the username "+reason)
	}
	return nil
}

// flaw returns what disqualifies a name, or "". The '#' separates the parts of
// the table's keys.
func flaw(name string) string {
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

// slugOf returns the slug of an organization's name. A slug is its own slug, and
// consists of a-z, 0-9, '-' and '_'.
func slugOf(name string) (string, error) {
	if len(name) > maxUnslugged {
		return "", invalid("organization", name, "the name is longer than 1024 bytes")
	}
	if !utf8.ValidString(name) {
		return "", invalid("organization", name, "the name is not valid UTF-8")
	}
	made := slug.Make(name)
	switch {
	case made == "":
		return "", invalid("organization", name, "the name has no letters or digits that make a slug")
	case len(made) > maxName:
		return "", invalid("organization", name, "the name's slug is longer than 128 bytes")
	}
	return made, nil
}

// invalid returns an error that quotes no more than the start of an overlong id.
func invalid(entity, id, reason string) error {
	if len(id) > maxName {
		id = strings.ToValidUTF8(id[:maxName], "") + "..."
	}
	return &Error{Kind: Invalid, Entity: entity, ID: id, Reason: reason}
}
