package accounts

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/warmclient/warmclient/readaside"
)

// Service reads and writes users, organizations and memberships. It is safe for concurrent use by
// multiple goroutines. A process needs one per table.
//
// An error is either a refusal, which is an [*Error] and unwraps to its [Kind], or a failure. If
// the caller's context ended, its context.Cause is in the chain.
type Service struct {
	db          DynamoDB
	table       string
	loadTimeout time.Duration

	store         *readaside.Store
	users         *readaside.Reader[string, User]
	organizations *readaside.Reader[string, Organization]
	memberships   *readaside.Reader[memberID, Membership]
}

// New returns a Service on table, which has the string keys PK and SK. It connects to nothing: see
// [Service.Ping]. The error names an argument that cannot work, such as a nil db or a negative
// timeout.
func New(db DynamoDB, table string, o Options) (*Service, error) {
	if err := o.check(db, table); err != nil {
		return nil, err
	}
	store, err := readaside.NewStore(readaside.Options{
		Cache:        o.Cache,
		Prefix:       cmp.Or(o.KeyPrefix, table),
		CacheTimeout: o.CacheTimeout,
		WriteTimeout: o.WriteTimeout,
		Observe:      o.Observe,
	})
	if err != nil {
		return nil, fmt.Errorf("accounts: %w", err)
	}
	s := &Service{db: db, table: table, loadTimeout: cmp.Or(o.LoadTimeout, time.Second), store: store}
	id := func(name string) string { return name }
	s.users, err = reader(s, o, readaside.Entity[string, User]{
		Name: "user", Key: id, Encode: encodeUser, Decode: decodeUser,
		Load: loader(s, userKey, userOf, func(u User) string { return u.Username }),
	}, err)
	s.organizations, err = reader(s, o, readaside.Entity[string, Organization]{
		Name: "organization", Key: id, Encode: encodeOrganization, Decode: decodeOrganization,
		Load: loader(s, organizationKey, organizationOf, func(o Organization) string { return o.Name }),
	}, err)
	s.memberships, err = reader(s, o, readaside.Entity[memberID, Membership]{
		Name: "membership", Key: memberID.String, Encode: encodeMembership, Decode: decodeMembership,
		Load: loader(s, memberKey, membershipOf, Membership.id),
	}, err)
	if err != nil {
		return nil, fmt.Errorf("accounts: %w", err)
	}
	return s, nil
}

// reader returns a reader with the times of o, unless there was an error before.
func reader[K, T any](s *Service, o Options, e readaside.Entity[K, T], err error) (*readaside.Reader[K, T], error) {
	if err != nil {
		return nil, err
	}
	e.TTL, e.NegativeTTL, e.LoadTimeout = o.TTL, o.NegativeTTL, s.loadTimeout
	return readaside.NewReader(s.store, e)
}

// Ping reads an item that does not exist. It connects to the table before the first request, and
// checks the table's name and the permission to read it. It is bounded by LoadTimeout and costs
// half a read unit.
func (s *Service) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.loadTimeout)
	defer cancel()
	_, err := s.db.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.table, Key: pingKey()})
	if err != nil {
		return failed(withCause(ctx, err), "ping table", s.table)
	}
	return nil
}

// get reads through the cache. Errors name the entity as the caller did, and a not-found result has
// the given reason.
func get[K, T any](ctx context.Context, r *readaside.Reader[K, T], id K, entity, name, reason string) (T, error) {
	v, found, err := r.Get(ctx, id)
	if err != nil {
		f := &failure{fmt.Sprintf("get %s %q", entity, name), err, statusOf(err)}
		if ctx.Err() != nil {
			f.status = statusOfEnd(ctx) // err is the cause, or does not matter any more
		}
		return v, f
	}
	if !found {
		return v, &Error{Kind: NotFound, Entity: entity, ID: name, Reason: reason}
	}
	return v, nil
}

// loader returns the function that reads one kind of item from the table. An item whose attributes
// disagree with its key is an error, so that it is not cached.
func loader[K comparable, T any](
	s *Service, key func(K) attributes, of func(attributes) (T, error), idOf func(T) K,
) func(context.Context, K) (T, bool, error) {
	return func(ctx context.Context, id K) (v T, found bool, err error) {
		out, err := s.db.GetItem(ctx, &dynamodb.GetItemInput{
			TableName:      &s.table,
			Key:            key(id),
			ConsistentRead: aws.Bool(true),
		})
		if err != nil || len(out.Item) == 0 {
			return v, false, err
		}
		if v, err = of(out.Item); err == nil && idOf(v) != id {
			err = fmt.Errorf("the item's attributes name %q, its key %q", fmt.Sprint(idOf(v)), fmt.Sprint(id))
		}
		return v, err == nil, err
	}
}
