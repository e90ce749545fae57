package accounts_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/accounts"
)

// Two services stand for two processes. Readers ask both for users all the time that these are
// being created. A caller that knows that a user was created must see it, whichever service it
// asks.
func TestTwoServicesThatShareACacheNeverMissACreatedUser(t *testing.T) {
	const users, readers, reads = 300, 6, 1500
	db, cache := newTable(), newMemory()
	db.fail(func(context.Context, string) error { runtime.Gosched(); return nil }, func(context.Context, string) error { runtime.Gosched(); return nil })
	cache.fail(func(context.Context, string) error { runtime.Gosched(); return nil })
	// The machine may be busy, and a slow cache is not what this is about.
	options := accounts.Options{Cache: cache, CacheTimeout: 1 << 40, LoadTimeout: 1 << 40, WriteTimeout: 1 << 40}
	services := []*accounts.Service{newService(t, db, options), newService(t, db, options)}

	var created atomic.Int64 // users 0 to created-1 exist
	var notFound atomic.Int64
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range users {
			_, err := services[i%2].CreateUser(t.Context(), accounts.User{Username: fmt.Sprint(i)})
			require.NoError(t, err)
			created.Add(1)
		}
	})
	for range readers {
		wg.Go(func() {
			for range reads {
				known := created.Load()
				// Around the newest user, where readers and the writer meet.
				i := max(0, known-2+rand.Int64N(5))
				_, err := services[rand.IntN(2)].GetUser(t.Context(), fmt.Sprint(i))
				if i < known {
					assert.NoError(t, err, "user %d of %d", i, known)
				} else if err != nil {
					assert.ErrorIs(t, err, accounts.NotFound)
					notFound.Add(1)
				}
			}
		})
	}
	wg.Wait()
	require.Positive(t, notFound.Load(), "not-found results were cached on the way")
	for _, s := range services {
		for i := range users {
			_, err := s.GetUser(t.Context(), fmt.Sprint(i))
			require.NoError(t, err)
		}
	}
}
