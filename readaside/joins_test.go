package readaside_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestGetJoinsALoadWhoseLeaseItMeets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, g := newFixture(t), &gate{}
		f.db.put(product{"1", "pen", 120})
		g.hold(f)
		one := f.async(t.Context(), "1")
		require.Equal(t, 1, g.begun())
		two := f.async(t.Context(), "1")
		require.Equal(t, 1, g.begun())
		g.pass(0)
		require.Equal(t, 120, (<-one).p.Cents)
		require.Equal(t, 120, (<-two).p.Cents)
		require.Equal(t, 1, f.db.took())
		require.Equal(t, []string{"get miss", "lease stored", "get fenced", "load loaded", "fill stored"}, f.steps())
	})
}

func TestGetJoinsALoadThatHadNotBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, g := newFixture(t), &gate{}
		f.db.put(product{"1", "pen", 120})
		g.hold(f)
		leased := make(chan struct{})
		f.cache.hook(func(_ context.Context, call string) error {
			if call == "setifabsent" {
				<-leased
				return errTest
			}
			return nil
		})
		one := f.async(t.Context(), "1")
		synctest.Wait()
		two := f.async(t.Context(), "1")
		synctest.Wait()
		close(leased)
		require.Equal(t, 1, g.begun())
		g.pass(0)
		<-one
		<-two
		require.Equal(t, 1, f.db.took())
	})
}

func TestGetJoinsALoadThatBeganAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, g := newFixture(t), &gate{}
		f.db.put(product{"1", "pen", 120})
		g.hold(f)
		f.cache.hook(func(ctx context.Context, call string) error {
			if call == "get" && ctx.Value(key{}) != nil {
				time.Sleep(time.Millisecond)
				return errTest // it has met no lease
			}
			return nil
		})
		two := f.async(context.WithValue(t.Context(), key{}, true), "1")
		synctest.Wait()
		one := f.async(t.Context(), "1")
		require.Equal(t, 1, g.begun())
		time.Sleep(time.Millisecond)
		g.begun()
		g.pass(0)
		<-one
		require.Equal(t, 120, (<-two).p.Cents)
		require.Equal(t, 1, f.db.took())
	})
}

func TestGetDoesNotJoinALoadThatAnotherProcessHasOvertaken(t *testing.T) {
	for name, cached := range map[string]bool{"with a cache": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t)
				if !cached {
					f = newFixture(t, withoutCache)
				}
				other, g := f.another(t), &gate{}
				f.db.put(product{"1", "pen", 120})
				g.hold(f)
				old := f.async(t.Context(), "1")
				require.Equal(t, 1, g.begun())
				other.update(t, product{"1", "pen", 150})
				other.Invalidate(t.Context(), other.Changed("1")) // evicted
				fresh := f.async(t.Context(), "1")
				require.Equal(t, 1, g.begun(), "one load of a key runs at a time")
				g.pass(0)
				require.Equal(t, 120, (<-old).p.Cents)
				require.Equal(t, 2, g.begun())
				g.pass(1)
				require.Equal(t, 150, (<-fresh).p.Cents)
			})
		})
	}
}

func TestGetDoesNotJoinALoadWhoseLeaseWasNotAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, g := newFixture(t), &gate{}
		other := f.another(t)
		f.db.put(product{"1", "pen", 120})
		g.hold(f)
		arrive := make(chan struct{})
		f.cache.hook(func(ctx context.Context, call string) error {
			if call == "setifabsent" { // its answer is lost, and it takes effect late
				go func() {
					<-arrive
					f.cache.hook(nil)
					_, _ = f.cache.SetIfAbsent(context.Background(), "4:test/7:product/1", []byte("\x00l\x00"), time.Minute)
				}()
				return errTest
			}
			return nil
		})
		old := f.async(t.Context(), "1")
		require.Equal(t, 1, g.begun())
		other.update(t, product{"1", "pen", 150})
		other.Invalidate(t.Context(), other.Changed("1"))
		close(arrive)
		synctest.Wait()
		fresh := f.async(t.Context(), "1")
		g.begun()
		g.pass(0)
		require.Equal(t, 120, (<-old).p.Cents)
		require.Equal(t, 2, g.begun())
		g.pass(1)
		require.Equal(t, 150, (<-fresh).p.Cents)
	})
}
