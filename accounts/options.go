package accounts

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/warmclient/warmclient/readaside"
)

// DynamoDB has the calls that a [Service] makes. *dynamodb.Client implements it, and so does a fake
// of about ten lines. Implementations are safe for concurrent use by multiple goroutines. GetItem
// makes the reads, PutItem creates a user, and TransactWriteItems makes all other writes. If a
// condition fails, the latter two return *types.ConditionalCheckFailedException and
// *types.TransactionCanceledException, which has a reason for each action, in their order.
type DynamoDB interface {
	GetItem(ctx context.Context, in *dynamodb.GetItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	PutItem(ctx context.Context, in *dynamodb.PutItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, opts ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Options tunes a [Service]. The zero value works, without a cache.
//
// There is no option for eventually consistent reads.  Reads of the table are strongly consistent
// because their result is cached: what an eventually consistent read missed would be missing for
// all readers, for NegativeTTL. A consistent read costs one read unit instead of half a unit, and
// is made on misses only.
type Options struct {
	// Cache is asked before the table. If nil, every read is one of the table.
	Cache readaside.Cache
	// TTL is how long the cache keeps an entity, less up to 10% at random, so that entries written
	// together do not expire together. The default is 30m.
	TTL time.Duration
	// NegativeTTL is how long the cache keeps a not-found result. The default is 5s. If it is
	// negative, not-found results are not cached.
	NegativeTTL time.Duration
	// CacheTimeout bounds all cache calls of one read together, those before a write, and those
	// after it; see [readaside.Options]. The default is 50ms.
	CacheTimeout time.Duration
	// LoadTimeout bounds each read of the table, which is shared by all callers of one key, and a
	// Ping. The default is 1s.
	LoadTimeout time.Duration
	// WriteTimeout bounds each write, retries included. The default is 3s.
	WriteTimeout time.Duration
	// KeyPrefix keeps services that share one cache apart. The default is the table's name.
	KeyPrefix string
	// Observe, if not nil, is called after each step of a read or a write, and delays the request
	// while it runs. It must be safe for concurrent use by multiple goroutines.
	Observe func(ctx context.Context, e readaside.Event)
}

// check returns an error for an argument that cannot work.
func (o Options) check(db DynamoDB, table string) error {
	switch {
	case isNil(db):
		return errors.New("accounts: the DynamoDB client is nil")
	case table == "":
		return errors.New("accounts: the table's name is empty")
	case o.Cache != nil && isNil(o.Cache):
		return fmt.Errorf("accounts: Options.Cache is a nil %T; for no cache, leave it out", o.Cache)
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"TTL", o.TTL}, {"CacheTimeout", o.CacheTimeout}, {"LoadTimeout", o.LoadTimeout}, {"WriteTimeout", o.WriteTimeout},
	} {
		if d.value < 0 {
			return fmt.Errorf("accounts: Options.%s is negative: %v", d.name, d.value)
		}
	}
	return nil
}

// isNil also finds the nil pointer in an interface that is not nil.
func isNil(v any) bool {
	if v == nil {
		return true
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Func, reflect.Slice, reflect.Chan:
		return r.IsNil()
	default:
		return false
	}
}
