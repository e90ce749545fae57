package readaside_test

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// obedient vouches, or does not, that its calls return when their context ends.
type obedient struct {
	*cache
	vouches bool
}

func (o obedient) ObeysContext() bool { return o.vouches }

func TestCacheIsCalledOnTheRequestsGoroutineOnlyIfItVouchesToObeyItsContext(t *testing.T) {
	for vouches, want := range map[bool]bool{true: true, false: false} {
		synctest.Test(t, func(t *testing.T) {
			here := goroutine()
			c := &cache{}
			there := ""
			c.fail(func(context.Context) error { there = goroutine(); return nil }, nil)
			r := newReader(defaults(obedient{c, vouches}), &origin{})
			_, _, err := r.Read(t.Context(), "k")
			assert.NoError(t, err)
			assert.Equal(t, want, here == there)
		})
	}
}

func TestFaultsOfAnObedientCacheAreMisses(t *testing.T) {
	faults := map[string]func(context.Context) error{
		"error": refuse, "hang": hang, "panic": func(context.Context) error { panic("boom") },
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &cache{}
				c.fail(fault, fault)
				r := newReader(defaults(obedient{c, true}), &origin{words: map[string]string{"k": "word"}})
				ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
				defer cancel()
				word, found, err := r.Read(ctx, "k")
				assert.NoError(t, err)
				assert.True(t, found)
				assert.Equal(t, "word", word)
			})
		})
	}
}

func TestProbeThatEndsItsGoroutineIsAFailureAndIsFollowedByAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, o := &cache{}, &origin{words: map[string]string{"a": "hello"}}
		r := newReader(defaults(obedient{c, true}), o)
		c.fail(refuse, nil)
		for range 3 {
			assertReads(t, t.Context(), r, "a", "hello")
		}
		time.Sleep(time.Second)
		c.fail(func(context.Context) error { runtime.Goexit(); return nil }, nil)
		var wg sync.WaitGroup
		wg.Go(func() { r.Read(t.Context(), "a") })
		wg.Wait()
		c.fail(nil, nil)
		c.called()
		assertReads(t, t.Context(), r, "a", "hello")
		assert.Empty(t, c.called(), "skipped: the probe failed")
		time.Sleep(time.Second)
		assertReads(t, t.Context(), r, "a", "hello")
		assert.Equal(t, []string{"get word/a", "set word/a"}, c.called())
	})
}

// goroutine returns the name of the one that calls it.
func goroutine() string {
	buf := make([]byte, 64)
	name, _, _ := strings.Cut(string(buf[:runtime.Stack(buf, false)]), " [")
	return name
}
