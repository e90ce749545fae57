// Package tabletimes measures calls of DynamoDB after a freeze in which their connections died, and
// while the table throttles or transactions conflict. It compares the defaults of the AWS SDK,
// awsconfig, and package accounts, which uses awsconfig. The table is on loopback.
//
//	go test -v ./tabletimes
package tabletimes

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/awsconfig"
)

// Ours is the name of the contender that is not a peer.
const Ours = "accounts.Service"

// client reads and writes users.
type client struct {
	get  func(ctx context.Context) error
	put  func(ctx context.Context, username string) error
	join func(ctx context.Context, username string) error // a transaction
}

// contender is a client with its default settings.
type contender struct {
	name string
	new  func(cfg aws.Config) (client, error)
}

func contenders() []contender {
	return []contender{{"AWS SDK", newSDK}, {"AWS SDK with awsconfig", newTuned}, {Ours, newService}}
}

func newTuned(cfg aws.Config) (client, error) {
	return newSDK(awsconfig.Tune(cfg, awsconfig.Options{AttemptTimeout: 400 * time.Millisecond})) // as in package accounts
}

func newSDK(cfg aws.Config) (client, error) {
	db := dynamodb.NewFromConfig(cfg)
	item := func(username string) map[string]types.AttributeValue {
		return map[string]types.AttributeValue{"PK": &types.AttributeValueMemberS{Value: username}}
	}
	name := aws.String("accounts")
	return client{
		func(ctx context.Context) error {
			_, err := db.GetItem(ctx, &dynamodb.GetItemInput{TableName: name, Key: item("ann")})
			return err
		},
		func(ctx context.Context, username string) error {
			_, err := db.PutItem(ctx, &dynamodb.PutItemInput{TableName: name, Item: item(username)})
			return err
		},
		func(ctx context.Context, username string) error {
			_, err := db.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
				{Put: &types.Put{TableName: name, Item: item(username)}},
			}})
			return err
		},
	}, nil
}

func newService(cfg aws.Config) (client, error) {
	service, err := accounts.New(accounts.NewDynamoDBClient(cfg), "accounts", accounts.Options{})
	if err != nil {
		return client{}, err
	}
	return client{
		func(ctx context.Context) error {
			_, err := service.GetUser(ctx, "ann")
			return err
		},
		func(ctx context.Context, username string) error {
			_, err := service.CreateUser(ctx, accounts.User{Username: username})
			return err
		},
		func(ctx context.Context, username string) error {
			m := accounts.Membership{Organization: "corp", Username: username, Role: accounts.Member}
			_, err := service.AddUserToOrganization(ctx, m, "ann")
			return err
		},
	}, nil
}

// table is a fake DynamoDB.
type table struct {
	*httptest.Server
	age       atomic.Int64              // connections made at an earlier age are dead
	takes     time.Duration             // latency of an answer
	throttled atomic.Pointer[time.Time] // until then
	busy      atomic.Bool               // with a transaction
}

func start(takes time.Duration) *table {
	t := &table{takes: takes}
	t.throttled.Store(&time.Time{})
	t.Server = httptest.NewUnstartedServer(t)
	t.Listener = listener{t.Listener, &t.age}
	t.Start()
	return t
}

func (t *table) config() aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: &t.URL,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "SECRET"}, nil
		}),
	}
}

func (t *table) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	status, body := http.StatusOK, `{}`
	switch {
	case time.Now().Before(*t.throttled.Load()):
		status, body = http.StatusBadRequest, failure("ThrottlingException", "")
	case operation == "GetItem":
		body = `{"Item":{"PK":{"S":"USER#ann"},"SK":{"S":"USER#ann"},"username":{"S":"ann"},"firstName":{"S":"Ann"},"lastName":{"S":"Lee"}}}`
		time.Sleep(t.takes)
	case operation == "TransactWriteItems" && !t.busy.CompareAndSwap(false, true):
		status, body = http.StatusBadRequest, failure("TransactionCanceledException", `,"CancellationReasons":[{"Code":"TransactionConflict"}]`)
	default:
		time.Sleep(t.takes)
		t.busy.Store(false)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func failure(code, more string) string {
	return fmt.Sprintf(`{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"again"%s}`, code, more)
}

// listener accepts connections that can die: data sent on a dead connection gets no answer and no
// reset, as when a NAT gateway has dropped it.
type listener struct {
	net.Listener
	age *atomic.Int64
}

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return conn{c, l.age.Load(), l.age}, err
}

type conn struct {
	net.Conn
	born int64
	age  *atomic.Int64
}

func (c conn) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if err != nil || c.age.Load() == c.born {
			return n, err
		}
	}
}
