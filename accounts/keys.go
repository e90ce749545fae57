package accounts

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// memberID is what a membership is known by.
type memberID struct{ organization, username string }

// String returns the id as it stands in errors and cache keys. A slug has no '/', so what follows
// the first one is a username.
func (id memberID) String() string { return id.organization + "/" + id.username }

// attributes are an item, or the key of one.
type attributes = map[string]types.AttributeValue

func userKey(username string) attributes {
	return key("USER#"+username, "USER#"+username)
}

func organizationKey(slug string) attributes {
	return key("ORG#"+slug, "ORG#"+slug)
}

func memberKey(id memberID) attributes {
	return key("ORGMEMBERS#"+id.organization, "MEMBER#"+id.username)
}

// pingKey is of no entity.
func pingKey() attributes { return key("PING", "PING") }

func key(pk, sk string) attributes {
	return attributes{"PK": text(pk), "SK": text(sk)}
}

func text(s string) types.AttributeValue {
	return &types.AttributeValueMemberS{Value: s}
}
