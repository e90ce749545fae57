package accounts_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/accounts"
)

// The cache's calls that go wrong, and what they cost.
var cacheFaults = map[string]struct {
	fault func(context.Context, string) error
	costs time.Duration
}{
	"error":   {func(context.Context, string) error { return errors.New("internal server error") }, 0},
	"refusal": {func(context.Context, string) error { time.Sleep(time.Millisecond); return errLost }, time.Millisecond},
	"hang":    {hang, 50 * time.Millisecond},
	"panic":   {func(context.Context, string) error { panic("nil map") }, 0},
}

// The cached values that no reader must believe, made from the one of ann and from the one of bob.
var badValues = map[string]func(ann, bob []byte) []byte{
	"garbage":      func(_, _ []byte) []byte { return []byte("\x00\xff garbage") },
	"empty":        func(_, _ []byte) []byte { return []byte{} },
	"truncated":    func(ann, _ []byte) []byte { return ann[:len(ann)-1] },
	"too long":     func(ann, _ []byte) []byte { return append(bytes.Clone(ann), ' ') },
	"foreign":      func(_, _ []byte) []byte { return []byte(`{"username":"ann","firstName":"Mallory","lastName":""}`) },
	"older format": func(ann, _ []byte) []byte { return append([]byte{0}, ann[1:]...) },
	"encoded":      func(ann, _ []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(ann)) },
	"someone else": func(_, bob []byte) []byte { return bob },
}

func TestRequestWith300MillisecondsSurvivesEveryFaultOfTheCache(t *testing.T) {
	for name, f := range cacheFaults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, db, cache := withCompany(t, accounts.Options{})
				db.fail(func(context.Context, string) error { time.Sleep(20 * time.Millisecond); return nil }, nil)
				cache.fail(f.fault)
				request := func(do func(context.Context) error) (took time.Duration) {
					ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
					defer cancel()
					start := time.Now()
					require.NoError(t, do(ctx))
					return time.Since(start)
				}
				read := func(ctx context.Context) error {
					u, err := s.GetUser(ctx, "ann")
					assert.Equal(t, "ann", u.Username)
					return err
				}
				for range 3 {
					assert.Equal(t, f.costs+20*time.Millisecond, request(read), "one budget, then DynamoDB")
				}
				cache.called()
				for range 20 {
					assert.Equal(t, 20*time.Millisecond, request(read), "nothing while the breaker is open")
				}
				assert.Zero(t, cache.called())
				// Before and after each write the cache is told, and what it has not acknowledged
				// is repeated.
				for _, write := range []func(context.Context) error{
					func(ctx context.Context) error {
						_, err := s.CreateUser(ctx, accounts.User{Username: "eve"})
						return err
					},
					func(ctx context.Context) error {
						_, err := s.CreateOrganization(ctx, "acme", "eve")
						return err
					},
					func(ctx context.Context) error {
						_, err := s.GetMembership(ctx, "acme", "eve")
						return err
					},
				} {
					assert.LessOrEqual(t, request(write), 20*time.Millisecond+3*f.costs)
				}
				assert.Positive(t, cache.called(), "a write tells the cache whatever the breaker says")
			})
		})
	}
}

func TestBadValueOfTheCacheIsAMissAndIsRepaired(t *testing.T) {
	for name, bad := range badValues {
		t.Run(name, func(t *testing.T) {
			s, db, cache := withCompany(t, patient)
			const ann, bob = "8:accounts/4:user/ann", "8:accounts/4:user/bob"
			cache.plant(ann, bad(cache.value(ann), cache.value(bob)))
			for want := 1; want >= 0; want-- {
				u, err := s.GetUser(t.Context(), "ann")
				require.NoError(t, err)
				assert.Equal(t, accounts.User{Username: "ann"}, u)
				gets, _ := db.counted()
				assert.Equal(t, want, gets)
			}
		})
	}
}

func TestAUserIsSeenAtOnceThoughTheCacheHasLostItsWrite(t *testing.T) {
	for name, f := range cacheFaults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, _, cache := withCompany(t, accounts.Options{})
				_, err := s.GetUser(t.Context(), "eve")
				require.ErrorIs(t, err, accounts.NotFound)
				cache.fail(func(ctx context.Context, op string) error {
					if op != "get" {
						return f.fault(ctx, op)
					}
					return nil
				})
				_, err = s.CreateUser(t.Context(), accounts.User{Username: "eve"})
				require.NoError(t, err)
				_, err = s.GetUser(t.Context(), "eve")
				require.NoError(t, err)
				cache.fail(nil)
				time.Sleep(time.Second)
				_, err = s.GetUser(t.Context(), "eve")
				require.NoError(t, err)
			})
		})
	}
}

func TestUserThatExistsIsNotFollowedByACachedNotFoundResult(t *testing.T) {
	s, db, cache := withCompany(t, patient)
	_, err := s.GetUser(t.Context(), "eve")
	require.ErrorIs(t, err, accounts.NotFound)
	db.put("USER#eve", "USER#eve", map[string]string{"username": "eve"}) // by another process, which did not tell the cache
	cache.fail(func(_ context.Context, op string) error {
		if op == "set" {
			return errLost // and the fence is not stored
		}
		return nil
	})
	_, err = s.CreateUser(t.Context(), accounts.User{Username: "eve"})
	require.ErrorIs(t, err, accounts.AlreadyExists)
	_, err = s.GetUser(t.Context(), "eve")
	require.NoError(t, err)
}

func TestReadsSeeWritesAfterACachedNotFoundResult(t *testing.T) {
	s, db, _ := withCompany(t, patient)
	_, err := s.GetUser(t.Context(), "eve")
	require.ErrorIs(t, err, accounts.NotFound)
	_, err = s.GetOrganization(t.Context(), "acme")
	require.ErrorIs(t, err, accounts.NotFound)
	for _, name := range []string{"eve", "dan"} {
		_, err = s.GetMembership(t.Context(), "acme", name)
		require.ErrorIs(t, err, accounts.NotFound)
	}

	eve := accounts.User{Username: "eve", FirstName: "Eve", LastName: "Moss"}
	_, err = s.CreateUser(t.Context(), eve)
	require.NoError(t, err)
	_, err = s.CreateOrganization(t.Context(), "acme", "eve")
	require.NoError(t, err)
	_, err = s.AddUserToOrganization(t.Context(), accounts.Membership{Organization: "acme", Username: "dan", Role: accounts.Admin}, "eve")
	require.NoError(t, err)
	db.counted()

	u, err := s.GetUser(t.Context(), "eve")
	require.NoError(t, err)
	assert.Equal(t, eve, u)
	org, err := s.GetOrganization(t.Context(), "acme")
	require.NoError(t, err)
	assert.Equal(t, accounts.Organization{Name: "acme", FoundingUser: "eve"}, org)
	for name, role := range map[string]accounts.Role{"eve": accounts.Owner, "dan": accounts.Admin} {
		m, err := s.GetMembership(t.Context(), "acme", name)
		require.NoError(t, err)
		assert.Equal(t, accounts.Membership{Organization: "acme", Username: name, Role: role}, m)
	}
	gets, _ := db.counted()
	assert.Zero(t, gets, "all from the cache")
}

func TestOneHundredConcurrentMissesAreOneGetItem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, db, _ := withCompany(t, accounts.Options{})
		s := newService(t, db, accounts.Options{Cache: newMemory()})
		db.fail(func(context.Context, string) error { time.Sleep(10 * time.Millisecond); return nil }, nil)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				m, err := s.GetMembership(t.Context(), "Tech Corp", "bob")
				assert.NoError(t, err)
				assert.Equal(t, accounts.Admin, m.Role)
			})
		}
		wg.Wait()
		gets, _ := db.counted()
		assert.Equal(t, 1, gets)
	})
}

func TestReadReturnsCauseAtOnceWhenCallersContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("went home")
		s, db, _ := withCompany(t, accounts.Options{})
		db.fail(hang, nil)
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Millisecond, func() { cancel(why) })
		start := time.Now()
		_, err := s.GetUser(ctx, "zoe")
		require.ErrorIs(t, err, why)
		assert.Equal(t, time.Millisecond, time.Since(start))
		assert.Equal(t, 500, accounts.HTTPStatus(err))
		time.Sleep(time.Second) // the shared read goes on until LoadTimeout
	})
}

func TestCommittedWriteIsCachedForACanceledCaller(t *testing.T) {
	s, db, cache := withCompany(t, patient)
	ctx, cancel := context.WithCancel(t.Context())
	db.fail(nil, func(context.Context, string) error { cancel(); return nil })
	_, err := s.CreateUser(ctx, accounts.User{Username: "eve"})
	require.NoError(t, err, "it was committed")
	value := cache.value("8:accounts/4:user/eve")
	assert.Contains(t, string(value), "eve")
}

func TestReadsAreStronglyConsistent(t *testing.T) {
	db := &consistent{table: newTable()}
	s := newService(t, db, accounts.Options{})
	_, err := s.GetUser(t.Context(), "ann")
	require.ErrorIs(t, err, accounts.NotFound)
	assert.Equal(t, []bool{true}, db.reads)
}
