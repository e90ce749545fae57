package readaside_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/warmclient/warmclient/internal/readaside"
)

func TestCacheIsSkippedWhileEightCallsAreStuck(t *testing.T) {
	bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
		freed := make(chan struct{})
		c.fail(func(context.Context) error { <-freed; return nil }, nil)
		for range 20 {
			assertReads(t, t.Context(), r, "a", "hello")
			time.Sleep(time.Second) // the breaker would let a probe pass each time
		}
		assert.Len(t, c.called(), 8)

		freed <- struct{}{}
		time.Sleep(time.Second)
		assertReads(t, t.Context(), r, "a", "hello")
		assert.Len(t, c.called(), 1, "there is room for one more")
		time.Sleep(time.Second) // so that it is not the breaker that skips
		start := time.Now()
		assertReads(t, t.Context(), r, "a", "hello")
		r.Engine.Wrote(t.Context(), r.Write("a", "hello"))
		assert.Zero(t, time.Since(start), "nobody waits for room")
		assert.Empty(t, c.called(), "a write is no exception")
		close(freed)
	})
}

func TestOneHundredCallersOfADeafCacheAreAllServedAndNoMoreThanEightCallsGetStuck(t *testing.T) {
	bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
		c.fail(sleepDeaf, sleepDeaf)
		start := time.Now()
		var wg sync.WaitGroup
		for i := range 100 {
			id := fmt.Sprint(i)
			o.write(id, id)
			wg.Go(func() { assertReads(t, t.Context(), r, id, id) })
		}
		wg.Wait()
		assert.Equal(t, 50*time.Millisecond, time.Since(start))
		assert.Equal(t, 100, o.loaded())
		assert.Len(t, c.called(), 8)
		assert.Equal(t, 8, strings.Count(stacks(), "readaside_test.sleepDeaf"))
		assertReads(t, t.Context(), r, "a", "hello")
		assert.Equal(t, 50*time.Millisecond, time.Since(start))
		time.Sleep(time.Minute)
	})
}

func TestNinthReadOfAHealthyCacheWaitsForOneOfTheEight(t *testing.T) {
	bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
		for i := range 9 {
			id := fmt.Sprint(i)
			o.write(id, id)
			assertReads(t, t.Context(), r, id, id)
		}
		c.fail(sleep(4*time.Millisecond), nil)
		start := time.Now()
		readAll(t, r, 9)
		assert.Equal(t, 8*time.Millisecond, time.Since(start))
		assert.Equal(t, 9, o.loaded(), "nine hits")
	})
}

// readAll reads n words, each its own id, at once.
func readAll(t *testing.T, r *reader, n int) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { assertReads(t, t.Context(), r, fmt.Sprint(i), fmt.Sprint(i)) })
	}
	wg.Wait()
}

func TestReadWaitsForRoomForAMomentAndThenSkipsTheCacheWhichIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, o := &cache{}, &origin{words: map[string]string{"a": "hello"}}
		options := defaults(c)
		var failed, skipped atomic.Int32
		options.Observe = func(_ context.Context, e readaside.Event) {
			switch e.Outcome {
			case readaside.CacheFailed:
				failed.Add(1)
			case readaside.CacheSkipped:
				skipped.Add(1)
				assert.ErrorContains(t, e.Err, "under way")
				assert.Equal(t, 5*time.Millisecond, e.Took)
			}
		}
		r := newReader(options, o)
		c.fail(sleep(30*time.Millisecond), nil)
		for i := range 24 {
			o.write(fmt.Sprint(i), fmt.Sprint(i))
		}
		readAll(t, r, 24)
		assert.Zero(t, failed.Load())
		assert.EqualValues(t, 16, skipped.Load())
		c.called()
		assertReads(t, t.Context(), r, "a", "hello")
		assert.Equal(t, []string{"get word/a", "set word/a"}, c.called(), "the cache is not left alone")
	})
}

func TestWriteWaitsForRoomForAllOfItsTime(t *testing.T) {
	bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
		assertReads(t, t.Context(), r, "b", "") // an absence that must not stay
		c.fail(sleep(20*time.Millisecond), sleep(20*time.Millisecond))
		for i := range 24 {
			id := fmt.Sprint(i)
			o.write(id, id)
			go assertReads(t, t.Context(), r, id, id)
		}
		synctest.Wait()
		o.write("b", "bye")
		start := time.Now()
		r.Engine.Wrote(t.Context(), r.Write("b", "bye"))
		assert.Equal(t, 40*time.Millisecond, time.Since(start))
		assertReads(t, t.Context(), r, "b", "bye")
		time.Sleep(time.Second)
	})
}

func TestBreakerOpensAlsoWhereMoreComeThanThereIsRoomFor(t *testing.T) {
	bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
		c.fail(hang, nil)
		for i := range 1000 { // one a millisecond
			id := fmt.Sprint(i)
			o.write(id, id)
			go assertReads(t, t.Context(), r, id, id)
			time.Sleep(time.Millisecond)
		}
		assert.LessOrEqual(t, len(c.called()), 11, "eight, and those who got the rooms of the three that failed")
		time.Sleep(time.Second)
	})
}

func TestReadThatFindsRoomWhenTheBreakerHasOpenedSkipsTheCache(t *testing.T) {
	bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
		c.fail(func(context.Context) error { time.Sleep(3 * time.Millisecond); return errDown }, nil)
		for i := range 16 {
			o.write(fmt.Sprint(i), fmt.Sprint(i))
		}
		readAll(t, r, 16)
		assert.LessOrEqual(t, len(c.called()), 10, "two may get the rooms of the first two that failed")
	})
}
