//go:build !race

// The race detector allocates on its own account.

package lazyclient_test

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/lazyclient"
)

func TestWarmCallsDoNotAllocate(t *testing.T) {
	ctx := t.Context()
	noop := func(context.Context, int) error { return nil }
	open := func(context.Context) (int, error) { return 7, nil }
	plain := lazyclient.Holder[int]{Open: open}
	aging := lazyclient.Holder[int]{Open: open, MaxAge: time.Hour}
	expiring := lazyclient.Holder[int]{Open: open, Expires: func(int) time.Time { return time.Now().Add(time.Hour) }}
	require.NoError(t, lazyclient.WarmAll(ctx, &plain, &aging, &expiring))

	require.Zero(t, testing.AllocsPerRun(1000, func() { _, _ = plain.Get(ctx) }), "Get")
	require.Zero(t, testing.AllocsPerRun(1000, func() { _, _ = aging.Get(ctx) }), "Get with MaxAge")
	require.Zero(t, testing.AllocsPerRun(1000, func() { _, _ = expiring.Get(ctx) }), "Get with Expires")
	require.Zero(t, testing.AllocsPerRun(1000, func() { _ = plain.Use(ctx, noop) }), "Use")
	require.Zero(t, testing.AllocsPerRun(1000, func() { _ = plain.TryUse(ctx, noop) }), "TryUse")
	require.Zero(t, testing.AllocsPerRun(1000, func() { _ = expiring.TryUse(ctx, noop) }), "TryUse with Expires")
	require.Zero(t, testing.AllocsPerRun(1000, func() { _ = aging.Use(ctx, noop) }), "Use with MaxAge")
}

func TestSixtyFourColdCallersCauseOneOpenAndAtMostEightyAllocations(t *testing.T) {
	ctx := t.Context()
	run := func() {
		var opens atomic.Int32
		h := lazyclient.Holder[int]{Open: func(context.Context) (int, error) {
			opens.Add(1)
			return 7, nil
		}}
		var callers sync.WaitGroup
		callers.Add(64)
		for range 64 {
			go func() { // 64 of the allocations are for these
				defer callers.Done()
				_, _ = h.Get(ctx)
			}()
		}
		callers.Wait()
		if opens.Load() != 1 {
			t.Errorf("%d opens", opens.Load())
		}
	}
	least := math.Inf(1)
	for range 5 { // the runtime allocates too, for goroutines that it cannot reuse
		least = min(least, testing.AllocsPerRun(20, run))
	}
	require.LessOrEqual(t, least, 80.0)
}
