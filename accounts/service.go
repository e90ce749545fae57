package accounts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/warmclient/warmclient/internal/readaside"
)

// Service reads and writes users, organizations and memberships. Its methods
// are safe for concurrent use, and a process needs but one per table.
//
// An error is a refusal, an [*Error] that unwraps to its [Kind], or else a
// failure. Where the caller's context ended, context.Cause of it is in the chain.
type Service struct {
	db           DynamoDB
	table        string
	loadTimeout  time.Duration
	writeTimeout time.Duration

	engine        *readaside.Engine
	users         readaside.Reader[string, User]
	organizations readaside.Reader[string, Organization]
	memberships   readaside.Reader[memberID, Membership]
}

// New returns a Service on table, which has the string keys PK and SK. It
// connects to nothing: see [Service.Ping]. An error tells of an argument that
// cannot work, such as a nil db or a negative timeout.
func New(db DynamoDB, table string, o Options) (*Service, error) {
	if err := o.check(db, table); err != nil {
		return nil, err
	}
	s := &Service{
		db:           db,
		table:        table,
		loadTimeout:  cmp.Or(o.LoadTimeout, time.Second),
		writeTimeout: cmp.Or(o.WriteTimeout, 3*time.Second),
	}
	s.engine = readaside.New(readaside.Options{
		Cache:        o.Cache,
		TTL:          cmp.Or(o.TTL, 30*time.Minute),
		NegativeTTL:  cmp.Or(o.NegativeTTL, 5*time.Second),
		CacheTimeout: cmp.Or(o.CacheTimeout, 50*time.Millisecond),
		LoadTimeout:  s.loadTimeout,
		Observe:      o.observer(),
	})
	keys := cacheKeysUnder(cmp.Or(o.KeyPrefix, table))
	s.users = readaside.Reader[string, User]{
		Engine: s.engine, Entity: "user", Key: keys.user,
		Load: loader(s, userKey, userOf), Append: appendUser, Parse: parseUser,
	}
	s.organizations = readaside.Reader[string, Organization]{
		Engine: s.engine, Entity: "organization", Key: keys.organization,
		Load: loader(s, organizationKey, organizationOf), Append: appendOrganization, Parse: parseOrganization,
	}
	s.memberships = readaside.Reader[memberID, Membership]{
		Engine: s.engine, Entity: "membership", Key: keys.membership,
		Load: loader(s, memberKey, membershipOf), Append: appendMembership, Parse: parseMembership,
	}
	return s, nil
}

// Ping reads an item that does not exist, so that the connection to the table
// is up, and its name and the permission to read it are known to be good, before
// the first request. It is bounded by LoadTimeout and costs half a read unit.
func (s *Service) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.loadTimeout)
	defer cancel()
	_, err := s.db.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.table, Key: pingKey()})
	if err != nil {
		return &failure{fmt.Sprintf("ping table %q", s.table), withCause(ctx, err)}
	}
	return nil
}

// get reads through the cache.
func get[K, T any](ctx context.Context, r *readaside.Reader[K, T], id K) (T, error) {
	v, found, err := r.Read(ctx, id)
	if err != nil {
		return v, &failure{fmt.Sprintf("get %s %q", r.Entity, fmt.Sprint(id)), err}
	}
	if !found {
		return v, &Error{Kind: NotFound, Entity: r.Entity, ID: fmt.Sprint(id)}
	}
	return v, nil
}

// loader returns the function that reads one kind of item from the table.
func loader[K, T any](s *Service, key func(K) attributes, of func(attributes) (T, error)) func(context.Context, K) (T, bool, error) {
	return func(ctx context.Context, id K) (v T, found bool, err error) {
		out, err := s.db.GetItem(ctx, &dynamodb.GetItemInput{
			TableName:      &s.table,
			Key:            key(id),
			ConsistentRead: aws.Bool(true),
		})
		if err != nil || len(out.Item) == 0 {
			return v, false, err
		}
		v, err = of(out.Item)
		return v, err == nil, err
	}
}

// withCause adds why ctx ended to an error that a call returned after that. The
// SDK's own errors tell a cancellation but not its cause.
func withCause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w: %w", cause, err)
	}
	return err
}
