package accounts_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/readaside/cachetest"
)

// fakeTable is a DynamoDB for tests: its items by PK. The other methods panic.
type fakeTable struct {
	accounts.DynamoDB
	items map[string]map[string]types.AttributeValue
}

func (f fakeTable) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	fmt.Println("DynamoDB reads")
	return &dynamodb.GetItemOutput{Item: f.items[in.Key["PK"].(*types.AttributeValueMemberS).Value]}, nil
}

func (f fakeTable) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	f.items[in.Item["PK"].(*types.AttributeValueMemberS).Value] = in.Item
	return &dynamodb.PutItemOutput{}, nil
}

// A fake of about ten lines shows what a service asks of the table and what the cache saves.
func Example() {
	ctx := context.Background()
	table := fakeTable{items: make(map[string]map[string]types.AttributeValue)}
	service, err := accounts.New(table, "accounts", accounts.Options{
		Cache:        cachetest.NewMemory(),
		CacheTimeout: time.Second, // a test machine may be busy
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	read := func() {
		user, err := service.GetUser(ctx, "ann")
		fmt.Printf("%q %v\n", user.FirstName, err)
	}

	read() // from the table, which has no such user
	read() // the cache keeps that for NegativeTTL
	if _, err := service.CreateUser(ctx, accounts.User{Username: "ann", FirstName: "Ann"}); err != nil {
		fmt.Println(err)
	}
	read() // the write has replaced it
	// Output:
	// DynamoDB reads
	// "" accounts: user "ann": not found
	// "" accounts: user "ann": not found
	// "Ann" <nil>
}

func ExampleHTTPStatus() {
	service, err := accounts.New(fakeTable{}, "accounts", accounts.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = service.GetUser(context.Background(), "ann#1")
	fmt.Println(accounts.HTTPStatus(err), err)
	// Output: 400 accounts: user "ann#1": invalid: the username contains a #
}

// takenTable is a DynamoDB for tests in which whatever is to be put is there already. A canceled
// transaction has a reason for each of its actions, in their order.
type takenTable struct{ accounts.DynamoDB }

func (takenTable) TransactWriteItems(_ context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (
	*dynamodb.TransactWriteItemsOutput, error,
) {
	reasons := make([]types.CancellationReason, len(in.TransactItems))
	for i, action := range in.TransactItems {
		reasons[i].Code = aws.String("None")
		if action.Put != nil {
			reasons[i].Code = aws.String("ConditionalCheckFailed")
		}
	}
	return nil, &types.TransactionCanceledException{CancellationReasons: reasons}
}

// A fake can refuse a transaction as the table does.
func ExampleService_CreateOrganization() {
	service, err := accounts.New(takenTable{}, "accounts", accounts.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = service.CreateOrganization(context.Background(), "Tech Corp", "ann")
	fmt.Println(errors.Is(err, accounts.AlreadyExists), err)
	// Output: true accounts: organization "Tech Corp": already exists: the organization's slug is "tech-corp"
}
