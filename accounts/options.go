package accounts

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/warmclient/warmclient/internal/readaside"
)

// DynamoDB is what a [Service] asks of the table. *dynamodb.Client implements
// it, and so does a fake of about ten lines. Its methods are called
// concurrently. GetItem makes the reads, PutItem creates a user, and
// TransactWriteItems all else; where a condition fails, the latter two return
// *types.ConditionalCheckFailedException and *types.TransactionCanceledException,
// which has a reason for each action, in their order.
type DynamoDB interface {
	GetItem(ctx context.Context, in *dynamodb.GetItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	PutItem(ctx context.Context, in *dynamodb.PutItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, opts ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Cache stores small values under string keys. Its methods are called
// concurrently, with contexts that end early. Whatever they do, even panic or
// ignore their context, no request fails by it.
//
// For that, each call is made on a goroutine of its own, and there are at most
// eight of them: a read waits for one to return for a tenth of CacheTimeout and
// then goes without the cache, a write for all of it. A Cache that also has a
// method ObeysContext() bool, and returns true from it, is called on the request's
// goroutine and without that limit: it vouches that its calls return when their
// context ends.
type Cache interface {
	// Get returns the value of key. A miss is (nil, nil). The value is only
	// read, so it may be shared.
	Get(ctx context.Context, key string) ([]byte, error)
	// Set stores value under key for ttl, whatever was there. The value is not
	// changed after the call, so it may be kept.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// SetIfAbsent is Set, but leaves a value that is already there alone,
	// which is no error. It must be atomic.
	SetIfAbsent(ctx context.Context, key string, value []byte, ttl time.Duration) error
}

// Options tunes a [Service]. The zero value works, without a cache.
//
// There is no option for eventually consistent reads. They are strongly
// consistent because their result lives on in the cache: what a cheaper read
// happened to miss would be missing for all readers, for NegativeTTL. Such a
// read costs one read unit instead of a half, and is made on misses only.
type Options struct {
	// Cache is asked before the table. Nil means no cache.
	Cache Cache
	// TTL is how long the cache keeps an entity, jittered down by at most 10%
	// so that entries written together do not expire together. 0 means 30m.
	TTL time.Duration
	// NegativeTTL is how long the cache keeps the news that there is no such
	// entity. 0 means 5s; if negative, absences are not cached.
	NegativeTTL time.Duration
	// CacheTimeout bounds each call of the cache, as does half of the caller's
	// remaining time. 0 means 50ms.
	CacheTimeout time.Duration
	// LoadTimeout bounds each read of the table, which is shared by all callers
	// of one key, and a Ping. 0 means 1s.
	LoadTimeout time.Duration
	// WriteTimeout bounds each write, retries included, also when the caller
	// has no deadline. 0 means 3s.
	WriteTimeout time.Duration
	// KeyPrefix keeps services that share one cache apart. "" means the
	// table's name.
	KeyPrefix string
	// Observe, if not nil, is called after each step, concurrently, from
	// whichever goroutine took the step, and delays the request while it runs.
	Observe func(ctx context.Context, e Event)
}

// check returns an error for what cannot work.
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

func (o Options) observer() func(context.Context, readaside.Event) {
	if o.Observe == nil {
		return nil
	}
	return func(ctx context.Context, e readaside.Event) {
		o.Observe(ctx, Event{Op: e.Op, Entity: e.Entity, Outcome: Outcome(e.Outcome), Took: e.Took, Err: e.Err})
	}
}
