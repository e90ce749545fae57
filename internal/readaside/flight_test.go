package readaside_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/internal/readaside"
)

func TestOneHundredConcurrentMissesAreOneLoadAndOneFill(t *testing.T) {
	bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
		o.fail(sleep(10*time.Millisecond), nil)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() { assertReads(t, t.Context(), r, "a", "hello") })
		}
		wg.Wait()
		assert.Equal(t, 1, o.loaded())
		assert.Len(t, c.called(), 100+1)
	})
}

func TestReaderThatArrivesDuringTheFillJoins(t *testing.T) {
	bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
		c.fail(nil, sleep(20*time.Millisecond))
		var wg sync.WaitGroup
		wg.Go(func() { assertReads(t, t.Context(), r, "a", "hello") })
		time.Sleep(10 * time.Millisecond)
		wg.Go(func() { assertReads(t, t.Context(), r, "a", "hello") })
		wg.Wait()
		assert.Equal(t, 1, o.loaded())
	})
}

func TestReadReturnsAfterTheFill(t *testing.T) {
	bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
		c.fail(nil, sleep(20*time.Millisecond))
		start := time.Now()
		assertReads(t, t.Context(), r, "a", "hello")
		assert.Equal(t, 20*time.Millisecond, time.Since(start))
		assert.NotNil(t, c.entry("word/a").value)
	})
}

func TestFirstCallersCancellationFailsNobodyElse(t *testing.T) {
	bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
		o.fail(sleep(100*time.Millisecond), nil)
		first, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			_, _, err := r.Read(first, "a")
			assert.ErrorIs(t, err, context.Canceled)
		})
		synctest.Wait()
		for range 10 {
			wg.Go(func() { assertReads(t, t.Context(), r, "a", "hello") })
		}
		synctest.Wait()
		cancel()
		wg.Wait()
		assert.Equal(t, 1, o.loaded())
	})
}

func TestLoadGoesOnWhenAllCallersLeftAndServesTheNext(t *testing.T) {
	bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
		o.fail(sleep(100*time.Millisecond), nil)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		_, _, err := r.Read(ctx, "a")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		time.Sleep(time.Second)
		assertReads(t, t.Context(), r, "a", "hello")
		assert.Equal(t, 1, o.loaded())
		assert.Equal(t, []string{"get word/a", "set word/a", "get word/a"}, c.called())
	})
}

type tracing struct{}

func TestLoadAndFillKeepTheValuesOfTheirFirstCaller(t *testing.T) {
	bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
		var seen []any
		note := func(ctx context.Context) error {
			seen = append(seen, ctx.Value(tracing{}))
			return nil
		}
		c.fail(note, note)
		o.fail(note, nil)
		assertReads(t, context.WithValue(t.Context(), tracing{}, "id"), r, "a", "hello")
		assert.Equal(t, []any{"id", "id", "id"}, seen)
	})
}

func TestFailedLoadIsSharedButNotKept(t *testing.T) {
	bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
		o.fail(func(ctx context.Context) error {
			time.Sleep(time.Millisecond)
			return errDown
		}, nil)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				_, _, err := r.Read(t.Context(), "a")
				assert.Equal(t, errDown, err)
			})
		}
		wg.Wait()
		assert.Equal(t, 1, o.loaded())
		assert.NotContains(t, c.called(), "set word/a")
		o.fail(nil, nil)
		assertReads(t, t.Context(), r, "a", "hello")
	})
}

func TestPanicOfALoadReachesItsCallersAndPoisonsNothing(t *testing.T) {
	bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
		o.fail(func(context.Context) error {
			time.Sleep(time.Millisecond)
			panic(errDown)
		}, nil)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				defer func() {
					p, ok := recover().(*readaside.PanicError)
					if assert.True(t, ok) {
						assert.ErrorIs(t, p, errDown)
						assert.Contains(t, string(p.Stack), "flight_test.go", "the stack is that of the panic")
					}
				}()
				r.Read(t.Context(), "a")
			})
		}
		wg.Wait()
		assert.Equal(t, 1, o.loaded())
		o.fail(nil, nil)
		assertReads(t, t.Context(), r, "a", "hello")
	})
}

func TestLoadThatEndsItsGoroutineIsAnError(t *testing.T) {
	bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
		o.fail(func(context.Context) error { runtime.Goexit(); return nil }, nil)
		_, _, err := r.Read(t.Context(), "a")
		require.ErrorContains(t, err, "ended its goroutine")
		o.fail(nil, nil)
		assertReads(t, t.Context(), r, "a", "hello")
	})
}

func TestLoadIsBoundedByLoadTimeoutAndItsOwnErrorIsKept(t *testing.T) {
	own := errors.New("dial tcp: no route")
	for name, test := range map[string]struct {
		fault func(context.Context) error
		want  error
	}{
		"obedient": {func(ctx context.Context) error { <-ctx.Done(); return errors.Join(own, ctx.Err()) }, own},
		"deaf":     {sleepDeaf, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
				o.fail(test.fault, nil)
				start := time.Now()
				_, _, err := r.Read(t.Context(), "a")
				require.ErrorIs(t, err, test.want)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				assert.InDelta(t, time.Second, time.Since(start), float64(50*time.Millisecond))
				o.fail(nil, nil)
				assertReads(t, t.Context(), r, "a", "hello")
				time.Sleep(time.Minute) // for the deaf
			})
		})
	}
}

func TestReadThatStartsAfterAWriteJoinsNoOlderLoad(t *testing.T) {
	bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
		o.fail(nil, sleep(100*time.Millisecond)) // the answer of a read is late
		c.fail(nil, refuse)                      // and the write's own entry is lost
		var wg sync.WaitGroup
		wg.Go(func() { assertReads(t, t.Context(), r, "b", "") })
		time.Sleep(10 * time.Millisecond)
		o.write("b", "bye")
		r.Engine.Wrote(t.Context(), r.Write("b", "bye"))
		wg.Go(func() { assertReads(t, t.Context(), r, "b", "bye") })
		time.Sleep(95 * time.Millisecond) // the older load has landed, the newer has not
		wg.Go(func() { assertReads(t, t.Context(), r, "b", "bye") })
		wg.Wait()
		assert.Equal(t, 2, o.loaded(), "the last reader joins the second")
	})
}

func TestReaderWithLittleTimeIsServedWhileTheFillHangs(t *testing.T) {
	bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
		o.fail(sleep(80*time.Millisecond), nil)
		c.fail(nil, hang)
		var wg sync.WaitGroup
		start := time.Now()
		wg.Go(func() { // decides that there is a fill, which has all the time
			assertReads(t, t.Context(), r, "a", "hello")
			assert.Equal(t, 130*time.Millisecond, time.Since(start))
		})
		synctest.Wait()
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			assertReads(t, ctx, r, "a", "hello")
			assert.Equal(t, 90*time.Millisecond, time.Since(start))
		})
		wg.Go(func() { // leaves during the fill, but not with nothing
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(85*time.Millisecond, cancel)
			assertReads(t, ctx, r, "a", "hello")
			assert.Equal(t, 85*time.Millisecond, time.Since(start))
		})
		wg.Wait()
	})
}

func TestWhetherASharedReadFillsIsDecidedByTheCallerThatStartedIt(t *testing.T) {
	for name, test := range map[string]struct {
		first, second func(context.Context) error
		filled        bool
	}{
		"first missed": {nil, refuse, true},
		"first failed": {refuse, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
				o.fail(sleep(10*time.Millisecond), nil)
				var wg sync.WaitGroup
				c.fail(test.first, nil)
				wg.Go(func() { assertReads(t, t.Context(), r, "a", "hello") })
				synctest.Wait()
				c.fail(test.second, nil)
				wg.Go(func() { assertReads(t, t.Context(), r, "a", "hello") })
				wg.Wait()
				assert.Equal(t, 1, o.loaded())
				assert.Equal(t, test.filled, c.entry("word/a").value != nil)
			})
		})
	}
}

func TestPanicOfObserveReachesTheReaderAndPoisonsNothing(t *testing.T) {
	for _, step := range []string{readaside.OpGet, readaside.OpLoad, readaside.OpSet} {
		t.Run(step, func(t *testing.T) {
			var armed atomic.Bool
			armed.Store(true)
			options := patient(&cache{})
			options.Observe = func(_ context.Context, e readaside.Event) {
				if e.Op == step && armed.Load() {
					panic("observer")
				}
			}
			r := newReader(options, &origin{words: map[string]string{"a": "hello"}})
			assert.Panics(t, func() { r.Read(t.Context(), "a") })
			armed.Store(false)
			assertReads(t, t.Context(), r, "a", "hello")
		})
	}
}

func TestPanicOfALoadIsNeverAnErrorThoughTheReaderLeavesBeforeItIsObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		options := defaults(&cache{})
		options.Observe = func(_ context.Context, e readaside.Event) {
			if e.Op == readaside.OpLoad {
				time.Sleep(time.Second)
			}
		}
		o := &origin{}
		o.fail(func(context.Context) error { panic(errDown) }, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		assert.Panics(t, func() { _, _, _ = newReader(options, o).Read(ctx, "a") })
		time.Sleep(time.Minute)
	})
}

func TestLoadThatAWriteHasForgottenStoresNoAbsence(t *testing.T) {
	bubble(t, func(t *testing.T, r *reader, c *cache, o *origin) {
		o.fail(nil, sleep(100*time.Millisecond)) // after the read, so the news is old when it comes
		var reading sync.WaitGroup
		reading.Go(func() { assertReads(t, t.Context(), r, "b", "") })
		synctest.Wait()
		c.fail(nil, refuse)
		o.write("b", "bye")
		r.Engine.Wrote(t.Context(), r.Write("b", "bye")) // the cache does not take it
		c.fail(nil, nil)
		reading.Wait()
		assert.Nil(t, c.entry("word/b").value)
		o.fail(nil, nil)
		assertReads(t, t.Context(), r, "b", "bye")
	})
}
