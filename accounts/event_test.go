package accounts_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/readaside"
)

type requestKey struct{}

func TestObserveSeesOneEventPerStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, db, _ := withCompany(t, accounts.Options{})
		cache := newMemory()
		var events []readaside.Event
		s := newService(t, db, accounts.Options{Cache: cache, Observe: func(ctx context.Context, e readaside.Event) {
			assert.Equal(t, "r1", ctx.Value(requestKey{}))
			events = append(events, e)
		}})
		ctx := context.WithValue(t.Context(), requestKey{}, "r1")
		expect := func(entity string, want ...readaside.Event) {
			t.Helper()
			synctest.Wait()
			for i := range want {
				want[i].Entity = entity
			}
			assert.Equal(t, want, events)
			events = nil
		}
		slow := func(context.Context, string) error { time.Sleep(time.Millisecond); return nil }
		cache.fail(slow)
		db.fail(slow, nil)
		const ms = time.Millisecond

		read := func() { _, _ = s.GetUser(ctx, "ann") }
		read()
		expect("user", readaside.Event{Op: readaside.OpGet, Outcome: readaside.Miss, Took: ms},
			readaside.Event{Op: readaside.OpLease, Outcome: readaside.Stored, Took: ms},
			readaside.Event{Op: readaside.OpLoad, Outcome: readaside.Loaded, Took: ms},
			readaside.Event{Op: readaside.OpFill, Outcome: readaside.Stored, Took: ms})
		read()
		expect("user", readaside.Event{Op: "get", Outcome: readaside.Hit, Took: ms})
		cache.plant("8:accounts/4:user/ann", []byte("junk"))
		read()
		assert.Equal(t, readaside.Unreadable, events[0].Outcome)
		events = nil

		_, _ = s.GetOrganization(ctx, "acme")
		events = nil
		_, _ = s.GetOrganization(ctx, "acme")
		expect("organization", readaside.Event{Op: "get", Outcome: readaside.NegativeHit, Took: ms})

		down := errors.New("down")
		cache.fail(func(context.Context, string) error { return down })
		for range 3 {
			_, _ = s.GetMembership(ctx, "tech-corp", "ann")
			expect("membership", readaside.Event{Op: "get", Outcome: readaside.CacheFailed, Err: down},
				readaside.Event{Op: "load", Outcome: readaside.Loaded, Took: ms})
		}
		db.fail(func(context.Context, string) error { return down }, nil)
		_, err := s.GetMembership(ctx, "tech-corp", "ann")
		require.ErrorIs(t, err, down)
		require.Len(t, events, 2)
		assert.Equal(t, readaside.CacheSkipped, events[0].Outcome)
		require.Error(t, events[0].Err)
		assert.Equal(t, readaside.Event{Op: "load", Entity: "membership", Outcome: readaside.LoadFailed, Err: down}, events[1])
	})
}

// A fence of a write of unknown outcome would stay for eight seconds.
func TestARefusedWriteLeavesNoFence(t *testing.T) {
	for kind, addedBy := range map[accounts.Kind]string{accounts.NotFound: "nobody", accounts.Forbidden: "cat"} {
		synctest.Test(t, func(t *testing.T) {
			s, db, _ := withCompany(t, accounts.Options{})
			_, err := s.AddUserToOrganization(t.Context(),
				accounts.Membership{Organization: "tech-corp", Username: "dan", Role: accounts.Member}, addedBy)
			require.ErrorIs(t, err, kind)
			time.Sleep(2 * time.Millisecond)
			for range 2 {
				_, err := s.GetMembership(t.Context(), "tech-corp", "dan")
				require.ErrorIs(t, err, accounts.NotFound)
			}
			gets, _ := db.counted()
			assert.Equal(t, 1, gets, "the second read is from the cache")
		})
	}
}

func TestHitCostsTwentyAllocationsAtMostAndObserveNone(t *testing.T) {
	db, cache := newTable(), newMemory()
	measure := func(observe func(context.Context, readaside.Event)) float64 {
		s := newService(t, db, accounts.Options{Cache: cache, CacheTimeout: time.Minute, Observe: observe})
		_, _ = s.CreateUser(t.Context(), accounts.User{Username: "ann", FirstName: "Ann", LastName: "Lee"})
		return testing.AllocsPerRun(1000, func() {
			if _, err := s.GetUser(context.Background(), "ann"); err != nil {
				t.Error(err)
			}
		})
	}
	unobserved := measure(nil)
	assert.LessOrEqual(t, unobserved, 20.0)
	seen := 0
	assert.Equal(t, unobserved, measure(func(context.Context, readaside.Event) { seen++ }), "nor does an observer that allocates nothing")
	assert.Positive(t, seen)
}
