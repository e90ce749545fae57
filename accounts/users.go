package accounts

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// CreateUser creates a user and returns it. The error is [Invalid] for a name that breaks the
// rules, [AlreadyExists] where the username is taken.
func (s *Service) CreateUser(ctx context.Context, u User) (User, error) {
	if err := checkUser(u); err != nil {
		return User{}, err
	}
	put := s.put(userItem(u), newRequestID())
	user := s.users.ChangedTo(u.Username, u)
	err := s.write(ctx, func(ctx context.Context) error {
		_, err := s.db.PutItem(ctx, &dynamodb.PutItemInput{
			TableName:                 put.TableName,
			Item:                      put.Item,
			ConditionExpression:       put.ConditionExpression,
			ExpressionAttributeValues: put.ExpressionAttributeValues,
		})
		if _, taken := errors.AsType[*types.ConditionalCheckFailedException](err); taken {
			return &Error{Kind: AlreadyExists, Entity: "user", ID: u.Username}
		}
		return err
	}, user)
	if err != nil {
		return User{}, failed(err, "create user", u.Username)
	}
	return u, nil
}

// GetUser returns a user. The error is [Invalid] for a name that breaks the rules, [NotFound] where
// there is no such user.
func (s *Service) GetUser(ctx context.Context, username string) (User, error) {
	if err := checkUsername(username); err != nil {
		return User{}, err
	}
	return get(ctx, s.users, username, "user", username, "")
}
