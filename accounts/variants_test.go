package accounts_test

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// repeating sends each write twice, and returns the second answer.
type repeating struct{ *table }

func (r *repeating) PutItem(ctx context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	if _, err := r.table.PutItem(ctx, in); err != nil {
		return nil, err
	}
	return r.table.PutItem(ctx, in)
}

func (r *repeating) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	if _, err := r.table.TransactWriteItems(ctx, in); err != nil {
		return nil, err
	}
	return r.table.TransactWriteItems(ctx, in)
}

func hang(ctx context.Context, _ string) error {
	<-ctx.Done()
	return ctx.Err()
}

// seeing has every item that it is asked for.
type seeing struct{ *table }

func (s *seeing) GetItem(ctx context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	pk, sk := text(in.Key["PK"]), text(in.Key["SK"])
	rest := map[string]string{"foundingUser": "u", "role": "Owner"}
	_, rest["organizationName"], _ = strings.Cut(pk, "#")
	_, rest["username"], _ = strings.Cut(sk, "#")
	rest["memberUsername"] = rest["username"]
	s.put(pk, sk, rest)
	return s.table.GetItem(ctx, in)
}

// consistent notes whether reads are strongly consistent.
type consistent struct {
	*table
	reads []bool
}

func (c *consistent) GetItem(ctx context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	c.reads = append(c.reads, aws.ToBool(in.ConsistentRead))
	return c.table.GetItem(ctx, in)
}
