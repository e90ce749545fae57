package readaside_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFreshDoesNotJoinAndDoesNotAskTheCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, g := newFixture(t), &gate{}
		f.db.put(product{"1", "pen", 120})
		g.hold(f)
		one := f.async(t.Context(), "1")
		g.begun()
		f.db.put(product{"1", "pen", 150})
		fresh := make(chan product, 2)
		for range 2 {
			go func() {
				p, _, _ := f.Fresh(context.Background(), "1")
				fresh <- p
			}()
		}
		require.Equal(t, 3, g.begun())
		f.cache.took()
		g.pass(1)
		g.pass(2)
		require.Equal(t, 150, (<-fresh).Cents)
		require.Equal(t, 150, (<-fresh).Cents)
		require.Empty(t, f.cache.took())
		g.pass(0)
		<-one
		require.Equal(t, []string{"get miss", "lease stored", "load loaded", "load loaded", "load loaded", "fill stored"}, f.steps())
	})
}

func TestFreshHasTheCallersContextWithinLoadTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		ctx, cancel := context.WithCancelCause(t.Context())
		f.db.hooks(func(ctx context.Context) error {
			deadline, _ := ctx.Deadline()
			require.Equal(t, time.Second, time.Until(deadline))
			cancel(errTest)
			<-ctx.Done()
			return errors.ErrUnsupported
		}, nil)
		_, _, err := f.Fresh(ctx, "1")
		require.Same(t, errTest, err)
		f.db.took()
		_, _, err = f.Fresh(ctx, "1")
		require.Same(t, errTest, err)
		require.Zero(t, f.db.took())
	})
}

func TestFreshReturnsCauseAtOnceWhenLoadIgnoresItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, g := newFixture(t), &gate{}
		g.hold(f)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, _, err := f.Fresh(ctx, "1")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 20*time.Millisecond, time.Since(began))
		g.pass(0)
		synctest.Wait()
	})
}
