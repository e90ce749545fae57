// Command tutorial implements GET /users/{username} as a tutorial does: the first request that uses
// a client creates it, one client after the other, with the default settings of the SDKs.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/momentohq/client-sdk-go/auth"
	momentoconfig "github.com/momentohq/client-sdk-go/config"
	"github.com/momentohq/client-sdk-go/momento"
	"github.com/momentohq/client-sdk-go/responses"
)

var (
	dynamoDBClient *dynamodb.Client
	momentoClient  momento.CacheClient
)

type user struct {
	Username  string `json:"username"`
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
}

func main() { lambda.Start(handle) }

func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	u, err := getUser(ctx, event.PathParameters["username"])
	status, body := http.StatusOK, any(map[string]any{"user": u})
	if err != nil {
		log.Print(err)
		status, body = http.StatusInternalServerError, map[string]any{"error": "internal error"}
	}
	b, err := json.Marshal(body)
	return events.APIGatewayProxyResponse{StatusCode: status, Body: string(b)}, err
}

func getUser(ctx context.Context, username string) (u user, err error) {
	cache, err := getMomentoClient(ctx)
	if err != nil {
		return u, err
	}
	cacheName, key := os.Getenv("CACHE_NAME"), momento.String("USER#"+username)
	resp, err := cache.Get(ctx, &momento.GetRequest{CacheName: cacheName, Key: key})
	if err != nil {
		log.Print(err) // a failure of the cache is a miss
	}
	if hit, ok := resp.(*responses.GetHit); ok && json.Unmarshal(hit.ValueByte(), &u) == nil {
		return u, nil
	}

	db, err := getDynamoDBClient(ctx)
	if err != nil {
		return u, err
	}
	id := &types.AttributeValueMemberS{Value: "USER#" + username}
	out, err := db.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: aws.String(os.Getenv("TABLE_NAME")),
		Key:       map[string]types.AttributeValue{"PK": id, "SK": id},
	})
	if err != nil {
		return u, err
	}
	if out.Item == nil {
		return u, errors.New("no such user")
	}
	u = user{text(out.Item["username"]), text(out.Item["firstName"]), text(out.Item["lastName"])}
	b, err := json.Marshal(u)
	if err != nil {
		return u, err
	}
	if _, err := cache.Set(ctx, &momento.SetRequest{CacheName: cacheName, Key: key, Value: momento.Bytes(b)}); err != nil {
		log.Print(err)
	}
	return u, nil
}

func text(v types.AttributeValue) string {
	if s, ok := v.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

func getDynamoDBClient(ctx context.Context) (*dynamodb.Client, error) {
	if dynamoDBClient == nil {
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, err
		}
		dynamoDBClient = dynamodb.NewFromConfig(cfg)
	}
	return dynamoDBClient, nil
}

func getMomentoClient(ctx context.Context) (momento.CacheClient, error) {
	if momentoClient == nil {
		token, err := getMomentoToken(ctx)
		if err != nil {
			return nil, err
		}
		provider, err := credentials(token)
		if err != nil {
			return nil, err
		}
		momentoClient, err = momento.NewCacheClient(momentoconfig.LambdaLatest(), provider, 30*time.Minute)
		if err != nil {
			return nil, err
		}
	}
	return momentoClient, nil
}

func getMomentoToken(ctx context.Context) (string, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return "", err
	}
	out, err := secretsmanager.NewFromConfig(cfg).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
		SecretId: aws.String("accounts/MomentoAuthToken"),
	})
	if err != nil {
		return "", err
	}
	var secret map[string]string
	if err := json.Unmarshal([]byte(aws.ToString(out.SecretString)), &secret); err != nil {
		return "", err
	}
	return secret["MOMENTO_AUTH_TOKEN"], nil
}

// credentials reads the token and replaces the endpoint with that of the server on loopback.
func credentials(token string) (auth.CredentialProvider, error) {
	provider, err := auth.FromString(token)
	endpoint := os.Getenv("MOMENTO_ENDPOINT")
	if err != nil || endpoint == "" {
		return provider, err
	}
	host, port, err := net.SplitHostPort(endpoint)
	if err != nil {
		return nil, err
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, err
	}
	local, err := auth.NewMomentoLocalProvider(&auth.MomentoLocalConfig{Hostname: host, Port: uint(number)})
	return onLoopback{local, provider.GetAuthToken()}, err
}

// onLoopback is a provider for the server on loopback that sends the token.
type onLoopback struct {
	auth.CredentialProvider
	token string
}

func (p onLoopback) GetAuthToken() string { return p.token }
