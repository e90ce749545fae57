package accounts_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/accounts"
)

func TestNewRefusesWhatCannotWork(t *testing.T) {
	var noClient *dynamodb.Client
	var noCache *memory
	for name, try := range map[string]struct {
		db      accounts.DynamoDB
		table   string
		options accounts.Options
		want    string
	}{
		"no db":              {nil, "accounts", accounts.Options{}, "the DynamoDB client is nil"},
		"nil db":             {noClient, "accounts", accounts.Options{}, "the DynamoDB client is nil"},
		"no table":           {newTable(), "", accounts.Options{}, "the table's name is empty"},
		"nil cache":          {newTable(), "accounts", accounts.Options{Cache: noCache}, "Options.Cache is a nil *accounts_test.memory; for no cache, leave it out"},
		"negative TTL":       {newTable(), "accounts", accounts.Options{TTL: -time.Second}, "Options.TTL is negative: -1s"},
		"negative timeout 1": {newTable(), "accounts", accounts.Options{CacheTimeout: -1}, "Options.CacheTimeout is negative: -1ns"},
		"negative timeout 2": {newTable(), "accounts", accounts.Options{LoadTimeout: -1}, "Options.LoadTimeout is negative: -1ns"},
		"negative timeout 3": {newTable(), "accounts", accounts.Options{WriteTimeout: -1}, "Options.WriteTimeout is negative: -1ns"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := accounts.New(try.db, try.table, try.options)
			require.EqualError(t, err, "accounts: "+try.want)
			assert.Nil(t, s)
		})
	}
}

func TestNewAsksNothing(t *testing.T) {
	db, cache := newTable(), newMemory()
	_, err := accounts.New(db, "accounts", accounts.Options{Cache: cache, NegativeTTL: -1})
	require.NoError(t, err)
	gets, writes := db.counted()
	assert.Zero(t, gets+writes+cache.called())
}

func TestKeyPrefixIsTheTablesNameByDefault(t *testing.T) {
	cache := newMemory()
	for prefix, table := range map[string]string{"": "one", "one": "other"} {
		s, err := accounts.New(newTable(), table, accounts.Options{Cache: cache, CacheTimeout: time.Minute, KeyPrefix: prefix})
		require.NoError(t, err)
		_, err = s.CreateUser(t.Context(), accounts.User{Username: "ann"})
		require.NoError(t, err)
	}
	assert.Equal(t, []string{"3:one/4:user/ann"}, cache.keys())
}
