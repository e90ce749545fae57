package readaside

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	rediscache "github.com/go-redis/cache/v9"
	"github.com/viccon/sturdyc"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/readaside"
)

// Ours is the name of the contender that is not a peer.
const Ours = "accounts.Service"

const ttl = 30 * time.Minute

// read returns a user from the cache, or calls load and fills the cache.
type read func(ctx context.Context, username string) (accounts.User, error)

// load reads a user from the table.
type load = read

// contender creates a reader with its default settings.
type contender struct {
	name string
	new  func(*memory, load) (read, error)
}

func contenders() []contender {
	return []contender{
		{"plain read-aside", newPlain},
		{"go-redis/cache Once", newRedisCache},
		{"sturdyc, remote tier", newSturdyc},
		{Ours, newDetached},
	}
}

// newPlain returns the usual read-aside: a failure of the cache is a miss, and a failed fill is
// ignored.
func newPlain(m *memory, from load) (read, error) {
	return func(ctx context.Context, username string) (user accounts.User, err error) {
		key := "user/" + username
		if b, err := m.Get(ctx, key); err == nil && b != nil && json.Unmarshal(b, &user) == nil {
			return user, nil
		}
		if user, err = from(ctx, username); err != nil {
			return user, err
		}
		if b, err := json.Marshal(user); err == nil {
			_ = m.Set(ctx, key, b, ttl)
		}
		return user, nil
	}, nil
}

func newRedisCache(m *memory, from load) (read, error) {
	cache := rediscache.New(&rediscache.Options{Redis: redisMemory{memory: m}})
	return func(ctx context.Context, username string) (user accounts.User, err error) {
		err = cache.Once(&rediscache.Item{
			Ctx:   ctx,
			Key:   "user/" + username,
			Value: &user,
			TTL:   ttl,
			Do:    func(item *rediscache.Item) (any, error) { return from(item.Ctx, username) },
		})
		return user, err
	}, nil
}

// newSturdyc disables the tier in process memory with a time to live of a nanosecond, because the
// benchmark measures reads of a remote cache.
func newSturdyc(m *memory, from load) (read, error) {
	client := sturdyc.New[accounts.User](1000, 1, time.Nanosecond, 10,
		sturdyc.WithDistributedStorage(storage{memory: m}), sturdyc.WithNoContinuousEvictions(), sturdyc.WithLog(&sturdyc.NoopLogger{}))
	return func(ctx context.Context, username string) (accounts.User, error) {
		return client.GetOrFetch(ctx, "user/"+username, func(ctx context.Context) (accounts.User, error) {
			return from(ctx, username)
		})
	}, nil
}

func newService(m *memory, from load) (read, error) { return serviceOn(m, from) }

// newDetached is like newService, for a cache that may ignore its context.
func newDetached(m *memory, from load) (read, error) { return serviceOn(readaside.Detach(m, 8), from) }

func serviceOn(cache readaside.Cache, from load) (read, error) {
	service, err := accounts.New(users{from: from}, "accounts", accounts.Options{Cache: cache})
	if err != nil {
		return nil, err
	}
	return service.GetUser, nil
}

// users is a fake DynamoDB that supports only reads of users.
type users struct {
	accounts.DynamoDB
	from load
}

func (t users) GetItem(ctx context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	username := in.Key["PK"].(*types.AttributeValueMemberS).Value[len("USER#"):]
	u, err := t.from(ctx, username)
	if err != nil {
		return nil, err
	}
	return &dynamodb.GetItemOutput{Item: map[string]types.AttributeValue{
		"PK":        &types.AttributeValueMemberS{Value: "USER#" + username},
		"SK":        &types.AttributeValueMemberS{Value: "USER#" + username},
		"username":  &types.AttributeValueMemberS{Value: u.Username},
		"firstName": &types.AttributeValueMemberS{Value: u.FirstName},
		"lastName":  &types.AttributeValueMemberS{Value: u.LastName},
	}}, nil
}

// userOf returns the user with the given name.
func userOf(username string) accounts.User {
	return accounts.User{Username: username, FirstName: "Ann-Sophie", LastName: "Lee-Winter"}
}

// loadAfter simulates a table that answers after d. Like the AWS SDK, it returns when the context
// is done.
func loadAfter(d time.Duration, loads func()) load {
	return func(ctx context.Context, username string) (accounts.User, error) {
		loads()
		select {
		case <-time.After(d):
			return userOf(username), nil
		case <-ctx.Done():
			return accounts.User{}, context.Cause(ctx)
		}
	}
}
