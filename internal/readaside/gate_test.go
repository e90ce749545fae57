package readaside_test

import (
	"context"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// faults are what a cache can do to a call instead of answering, and how long
// that may take.
var faults = map[string]struct {
	fault func(context.Context) error
	costs time.Duration
}{
	"error": {refuse, 0},
	"hang":  {hang, 50 * time.Millisecond},
	"deaf":  {sleepDeaf, 50 * time.Millisecond},
	"panic": {func(context.Context) error { panic("boom") }, 0},
	"exit":  {func(context.Context) error { runtime.Goexit(); return nil }, 0},
}

func TestAfterThreeFailuresTheCacheIsSkippedForASecondAndThenProbedOnce(t *testing.T) {
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
				c.fail(f.fault, nil)
				for range 3 {
					start := time.Now()
					assertReads(t, t.Context(), r, "a", "hello")
					assert.Equal(t, f.costs, time.Since(start))
				}
				assert.Equal(t, []string{"get word/a", "get word/a", "get word/a"}, c.called(), "no fill after a failed get")

				start := time.Now()
				for range 10 {
					assertReads(t, t.Context(), r, "a", "hello")
				}
				assert.Zero(t, time.Since(start))
				assert.Empty(t, c.called())

				time.Sleep(time.Second)
				var wg sync.WaitGroup
				for range 10 {
					wg.Go(func() { assertReads(t, t.Context(), r, "a", "hello") })
				}
				wg.Wait()
				assert.Len(t, c.called(), 1, "one probe, which fails")

				time.Sleep(time.Second)
				c.fail(nil, nil)
				assertReads(t, t.Context(), r, "a", "hello")
				assert.Equal(t, []string{"get word/a", "set word/a"}, c.called(), "one probe, which succeeds")
				assertReads(t, t.Context(), r, "a", "hello")
				assert.Equal(t, []string{"get word/a"}, c.called())
				time.Sleep(time.Minute) // for the deaf
			})
		})
	}
}

func TestFailuresBetweenSuccessesDoNotOpenTheBreaker(t *testing.T) {
	bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
		for range 5 {
			c.fail(refuse, nil)
			assertReads(t, t.Context(), r, "a", "hello")
			assertReads(t, t.Context(), r, "a", "hello")
			c.fail(nil, nil)
			assertReads(t, t.Context(), r, "a", "hello")
		}
		assert.Contains(t, c.called(), "set word/a")
	})
}

func TestFailedSetsOpenTheBreaker(t *testing.T) {
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
				c.fail(nil, f.fault)
				for range 3 {
					r.Engine.Wrote(t.Context(), r.Write("a", "hello"))
				}
				assertReads(t, t.Context(), r, "a", "hello")
				assert.Equal(t, []string{"set word/a", "set word/a", "set word/a"}, c.called())
				time.Sleep(time.Minute) // for the deaf
			})
		})
	}
}

func TestCallersOwnCancellationOrDeadlineIsNoFailure(t *testing.T) {
	for name, own := range map[string]func(context.Context) (context.Context, context.CancelFunc){
		"cancellation": func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(10*time.Millisecond, cancel)
			return ctx, cancel
		},
		"deadline": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 20*time.Millisecond)
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
				c.fail(sleep(40*time.Millisecond), nil) // slow, but within its time
				for range 10 {
					ctx, cancel := own(t.Context())
					r.Read(ctx, "a")
					cancel()
				}
				c.called()
				assertReads(t, t.Context(), r, "a", "hello")
				assert.Equal(t, []string{"get word/a", "set word/a"}, c.called(), "the cache is not skipped")
			})
		})
	}
}

func TestProbeWhoseCallerLeavesIsFollowedByAnother(t *testing.T) {
	bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
		c.fail(refuse, nil)
		for range 3 {
			assertReads(t, t.Context(), r, "a", "hello")
		}
		time.Sleep(time.Second)
		c.fail(hang, nil)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		_, _, err := r.Read(ctx, "a")
		require.ErrorIs(t, err, context.Canceled)
		c.fail(nil, nil)
		c.called()
		assertReads(t, t.Context(), r, "a", "hello")
		assert.Equal(t, []string{"get word/a", "set word/a"}, c.called())
	})
}

func TestCacheCallGetsAtMostHalfOfTheCallersTime(t *testing.T) {
	for name, test := range map[string]struct{ deadline, want time.Duration }{
		"plenty": {300 * time.Millisecond, 50 * time.Millisecond},
		"little": {20 * time.Millisecond, 10 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
				c.fail(hang, nil)
				ctx, cancel := context.WithTimeout(t.Context(), test.deadline)
				defer cancel()
				start := time.Now()
				assertReads(t, ctx, r, "a", "hello")
				assert.Equal(t, test.want, time.Since(start))
			})
		})
	}
}

func TestWroteTellsTheCacheAlsoWhileTheBreakerIsOpen(t *testing.T) {
	bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
		c.fail(refuse, nil)
		for range 3 {
			assertReads(t, t.Context(), r, "a", "hello")
		}
		r.Engine.Wrote(t.Context(), r.Write("b", "bye"))
		assert.NotNil(t, c.entry("word/b").value)
	})
}

func TestWroteTellsTheCacheInParallelAndForACallerWhoLeft(t *testing.T) {
	for name, left := range map[string]func(context.Context) (context.Context, context.CancelFunc){
		"by cancellation": func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return ctx, cancel
		},
		"by deadline": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, -time.Second)
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
				c.fail(nil, sleep(20*time.Millisecond))
				ctx, cancel := left(t.Context())
				defer cancel()
				start := time.Now()
				r.Engine.Wrote(ctx, r.Write("a", "hello"), r.Write("b", "bye"), r.Write("c", "ciao"))
				assert.Equal(t, 20*time.Millisecond, time.Since(start))
				for _, key := range []string{"word/a", "word/b", "word/c"} {
					assert.NotNil(t, c.entry(key).value, key)
				}
			})
		})
	}
}

func TestWroteOverwritesWhateverIsThere(t *testing.T) {
	bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
		assertReads(t, t.Context(), r, "b", "")
		o.write("b", "bye")
		r.Engine.Wrote(t.Context(), r.Write("b", "bye"))
		assertReads(t, t.Context(), r, "b", "bye")
		assert.Equal(t, 1, o.loaded())
	})
}

func TestWroteReturnsWithinCacheTimeout(t *testing.T) {
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
				c.fail(nil, f.fault)
				start := time.Now()
				r.Engine.Wrote(t.Context(), r.Write("a", "hello"), r.Write("b", "bye"))
				assert.Equal(t, f.costs, time.Since(start))
				time.Sleep(time.Minute) // for the deaf
			})
		})
	}
}

func TestNoGoroutineOutlivesARead(t *testing.T) {
	bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
		assertReads(t, t.Context(), r, "a", "hello")
		assertReads(t, t.Context(), r, "a", "hello")
		assertReads(t, t.Context(), r, "b", "")
		r.Engine.Wrote(t.Context(), r.Write("b", "bye"))
		c.fail(hang, hang)
		assertReads(t, t.Context(), r, "a", "hello")
		r.Engine.Wrote(t.Context(), r.Write("b", "bye"))
		assert.NotContains(t, stacks(), "internal/readaside.")

		c.fail(sleepDeaf, nil)
		assertReads(t, t.Context(), r, "a", "hello")
		assert.Equal(t, 1, strings.Count(stacks(), "readaside_test.sleepDeaf"), "but for the one call of a deaf cache")
		time.Sleep(time.Minute)
		assert.NotContains(t, stacks(), "internal/readaside.")
	})
}

// stacks returns the stacks of the bubble's goroutines, once no more can happen
// without time passing. The last goroutine of another test may be about to end.
func stacks() string {
	synctest.Wait()
	all := make([]byte, 1<<20)
	all = all[:runtime.Stack(all, true)]
	bubble := regexp.MustCompile(`synctest bubble \d+\]`).Find(all) // of the caller, which comes first
	var ours []string
	for stack := range strings.SplitSeq(string(all), "\n\n") {
		if head, _, _ := strings.Cut(stack, "\n"); strings.Contains(head, string(bubble)) {
			ours = append(ours, stack)
		}
	}
	return strings.Join(ours, "\n\n")
}
