package accounts_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/accounts"
)

var errLost = errors.New("connection reset by peer")

func TestUserIsStoredAsTheTutorialsItem(t *testing.T) {
	db := newTable()
	s := newService(t, db, accounts.Options{})
	ann := accounts.User{Username: "ann", FirstName: "Ann", LastName: "Lee"}
	got, err := s.CreateUser(t.Context(), ann)
	require.NoError(t, err)
	assert.Equal(t, ann, got)
	stored := db.get("USER#ann", "USER#ann")
	assert.NotEmpty(t, text(stored["requestId"]))
	delete(stored, "requestId")
	assert.Equal(t, item{
		"PK": str("USER#ann"), "SK": str("USER#ann"),
		"username": str("ann"), "firstName": str("Ann"), "lastName": str("Lee"),
	}, stored)
}

func TestUserOfAnotherProgramIsRead(t *testing.T) {
	db := newTable()
	s := newService(t, db, accounts.Options{})
	db.put("USER#ann", "USER#ann", map[string]string{"username": "ann", "createdAt": "1970"})
	got, err := s.GetUser(t.Context(), "ann")
	require.NoError(t, err)
	assert.Equal(t, accounts.User{Username: "ann"}, got)
}

func TestItemThatIsNoUserIsAnErrorThatNamesTheAttribute(t *testing.T) {
	db := newTable()
	s := newService(t, db, accounts.Options{})
	for reason, attributes := range map[string]item{
		"the item has no attribute username":             {"PK": str("USER#ann")},
		"the item's attribute firstName is not a string": {"username": str("ann"), "firstName": &types.AttributeValueMemberBOOL{}},
	} {
		db.items["USER#ann USER#ann"] = attributes
		_, err := s.GetUser(t.Context(), "ann")
		require.EqualError(t, err, `accounts: get user "ann": `+reason)
		assert.Equal(t, 500, accounts.HTTPStatus(err))
	}
}

func TestMissingUserIsNotFound(t *testing.T) {
	s := newService(t, newTable(), accounts.Options{Cache: newMemory(), CacheTimeout: time.Minute})
	for range 2 { // from the table, and from the cache
		_, err := s.GetUser(t.Context(), "ann")
		require.ErrorIs(t, err, accounts.NotFound)
		require.EqualError(t, err, `accounts: user "ann": not found`)
	}
}

func TestSecondUserOfTheSameNameAlreadyExists(t *testing.T) {
	s, db, _ := withCompany(t, patient)
	_, err := s.CreateUser(t.Context(), accounts.User{Username: "ann", FirstName: "Mallory"})
	require.ErrorIs(t, err, accounts.AlreadyExists)
	assert.Equal(t, &accounts.Error{Kind: accounts.AlreadyExists, Entity: "user", ID: "ann"}, err)
	assert.Empty(t, text(db.get("USER#ann", "USER#ann")["firstName"]))
}

// The SDK repeats a request whose answer it did not get.
func TestRepeatedAttemptOfOnesOwnIsASuccess(t *testing.T) {
	db := newTable()
	s := newService(t, &repeating{table: db}, accounts.Options{})
	_, err := s.CreateUser(t.Context(), accounts.User{Username: "ann"})
	require.NoError(t, err)
	_, err = s.CreateOrganization(t.Context(), "acme", "ann")
	require.NoError(t, err)
	_, writes := db.counted()
	assert.Equal(t, 4, writes)
}

func TestCallersContextBoundsAWriteAndItsCauseIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("went home")
		db := newTable()
		s := newService(t, db, accounts.Options{})
		db.fail(hang, nil)
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Millisecond, func() { cancel(why) })
		_, err := s.CreateUser(ctx, accounts.User{Username: "ann"})
		require.ErrorIs(t, err, why)
		require.ErrorIs(t, err, context.Canceled)
		assert.ErrorContains(t, err, `create user "ann"`)

		_, err = s.CreateUser(ctx, accounts.User{Username: "ann"})
		require.ErrorIs(t, err, why)
		_, writes := db.counted()
		assert.Equal(t, 1, writes, "nothing is sent for a canceled caller")
	})
}

func TestWriteIsBoundedByWriteTimeoutWithoutADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := newTable()
		db.fail(hang, nil)
		for timeout, want := range map[time.Duration]time.Duration{0: 3 * time.Second, time.Second: time.Second} {
			s := newService(t, db, accounts.Options{WriteTimeout: timeout})
			start := time.Now()
			_, err := s.CreateUser(t.Context(), accounts.User{Username: "ann"})
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, want, time.Since(start))
		}
	})
}

func TestReadIsBoundedByLoadTimeoutWithoutADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := newTable()
		db.fail(hang, nil)
		s := newService(t, db, accounts.Options{})
		start := time.Now()
		_, err := s.GetUser(t.Context(), "ann")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(start))
	})
}

func TestEntitiesSpeakTheTutorialsJSON(t *testing.T) {
	for want, v := range map[string]any{
		`{"username":"ann","firstName":"Ann","lastName":"Lee"}`:             accounts.User{Username: "ann", FirstName: "Ann", LastName: "Lee"},
		`{"organizationName":"acme","foundingUser":"ann"}`:                  accounts.Organization{Name: "acme", FoundingUser: "ann"},
		`{"organizationName":"acme","memberUsername":"bob","role":"Admin"}`: accounts.Membership{Organization: "acme", Username: "bob", Role: accounts.Admin},
	} {
		got, err := json.Marshal(v)
		require.NoError(t, err)
		assert.JSONEq(t, want, string(got))
	}
}

func TestPingReadsOnceAndNamesTheTable(t *testing.T) {
	db := newTable()
	s := newService(t, db, accounts.Options{})
	require.NoError(t, s.Ping(t.Context()))
	gets, _ := db.counted()
	assert.Equal(t, 1, gets)
	db.fail(func(context.Context, string) error { return errLost }, nil)
	err := s.Ping(t.Context())
	require.ErrorIs(t, err, errLost)
	assert.ErrorContains(t, err, `table "accounts"`)
}

func TestPingIsBoundedByLoadTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := newTable()
		db.fail(hang, nil)
		start := time.Now()
		require.ErrorIs(t, newService(t, db, accounts.Options{}).Ping(t.Context()), context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(start))
	})
}

func TestItemThatDisagreesWithItsKeyIsAnErrorAndIsNotCached(t *testing.T) {
	for name, item := range map[string]map[string]string{
		"another's name": {"organizationName": "acme", "memberUsername": "bob", "role": "Owner"},
		"unknown role":   {"organizationName": "acme", "memberUsername": "ann", "role": "King"},
	} {
		t.Run(name, func(t *testing.T) {
			db := newTable()
			db.put("ORGMEMBERS#acme", "MEMBER#ann", item)
			s := newService(t, db, accounts.Options{Cache: newMemory(), CacheTimeout: time.Minute})
			for range 2 {
				_, err := s.GetMembership(t.Context(), "acme", "ann")
				require.ErrorContains(t, err, `accounts: get membership "acme/ann": the item`)
				require.Equal(t, 500, accounts.HTTPStatus(err))
			}
			gets, _ := db.counted()
			require.Equal(t, 2, gets)
		})
	}
}
