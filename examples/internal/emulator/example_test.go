package emulator_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/warmclient/warmclient/examples/internal/emulator"
)

// A request that hangs ends when its caller cancels it, and the next one is answered once the fault
// is healed.
func ExampleFault() {
	stack, err := emulator.Start(emulator.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer stack.Close()

	client := dynamodb.NewFromConfig(awsConfig(), func(o *dynamodb.Options) {
		o.BaseEndpoint = aws.String(stack.DynamoDB.URL())
	})
	get := func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
		defer cancel()
		_, err := client.GetItem(ctx, &dynamodb.GetItemInput{
			TableName: aws.String("accounts"),
			Key: map[string]types.AttributeValue{
				"PK": &types.AttributeValueMemberS{Value: "USER#ada"},
				"SK": &types.AttributeValueMemberS{Value: "USER#ada"},
			},
		})
		return err
	}

	stack.DynamoDB.Inject(emulator.Fault{Op: "GetItem", Action: emulator.Hang})
	fmt.Println("failed:", get() != nil)
	stack.DynamoDB.Heal()
	fmt.Println("failed:", get() != nil)
	fmt.Println("requests:", stack.DynamoDB.Requests("GetItem"))
	// Output:
	// failed: true
	// failed: false
	// requests: 2
}
