package accounts_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/warmclient/warmclient/accounts"
)

// fakeTable is a DynamoDB for tests: its items by PK. What a test does not need
// is left to the nil interface.
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

// fakeCache is a Cache for tests in which nothing expires.
type fakeCache struct{ entries sync.Map }

func (f *fakeCache) Get(_ context.Context, key string) ([]byte, error) {
	value, _ := f.entries.Load(key)
	b, _ := value.([]byte)
	return b, nil
}

func (f *fakeCache) Set(_ context.Context, key string, value []byte, _ time.Duration) error {
	f.entries.Store(key, value)
	return nil
}

func (f *fakeCache) SetIfAbsent(_ context.Context, key string, value []byte, _ time.Duration) error {
	f.entries.LoadOrStore(key, value)
	return nil
}

// Fakes of about ten lines each show what a service asks of the table and what
// the cache spares it.
func Example() {
	ctx := context.Background()
	table := fakeTable{items: make(map[string]map[string]types.AttributeValue)}
	service, err := accounts.New(table, "accounts", accounts.Options{
		Cache:        &fakeCache{},
		CacheTimeout: time.Second, // a busy test machine is no reason to do without
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
	read() // the cache remembers that for NegativeTTL
	if _, err := service.CreateUser(ctx, accounts.User{Username: "ann", FirstName: "Ann"}); err != nil {
		fmt.Println(err)
	}
	read() // and a write corrects it
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

// takenTable is a DynamoDB for tests in which whatever is to be put is there
// already. A canceled transaction has a reason for each of its actions, in their
// order.
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
	// Output: true accounts: organization "tech-corp": already exists
}
