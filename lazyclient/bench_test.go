package lazyclient_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/warmclient/warmclient/lazyclient"
)

type client struct{ id int }

func openClient(context.Context) (*client, error) { return &client{id: 1}, nil }

// Package variables, as the contenders are used in a Lambda function.
var (
	bare     atomic.Pointer[client]
	once     = sync.OnceValues(func() (*client, error) { return openClient(context.Background()) })
	holder   = lazyclient.Holder[*client]{Name: "client", Open: openClient}
	aged     = lazyclient.Holder[*client]{Name: "client", Open: openClient, MaxAge: time.Hour}
	expiring = lazyclient.Holder[*client]{
		Name: "client", Open: openClient, Expires: func(*client) time.Time { return time.Now().Add(24 * time.Hour) },
	}
)

var (
	sink *client
	now  time.Time
)

// BenchmarkWarm reads what is there already, beside the least that a read can cost and the standard
// library's holder. Run it with -cpu 1,2,8.
func BenchmarkWarm(b *testing.B) {
	ctx := b.Context()
	noop := func(context.Context, *client) error { return nil }
	bare.Store(&client{id: 1})
	b.Run("AtomicPointer", func(b *testing.B) {
		for b.Loop() {
			sink = bare.Load()
		}
	})
	b.Run("OnceValues", func(b *testing.B) {
		for b.Loop() {
			sink, _ = once()
		}
	})
	b.Run("Get", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sink, _ = holder.Get(ctx)
		}
	})
	b.Run("GetMaxAge", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sink, _ = aged.Get(ctx)
		}
	})
	b.Run("GetExpires", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sink, _ = expiring.Get(ctx)
		}
	})
	b.Run("Use", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = holder.Use(ctx, noop)
		}
	})
	b.Run("TryUse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = holder.TryUse(ctx, noop)
		}
	})
	b.Run("Clock", func(b *testing.B) {
		for b.Loop() {
			now = time.Now()
		}
	})
}

func BenchmarkWarmParallel(b *testing.B) {
	ctx := b.Context()
	noop := func(context.Context, *client) error { return nil }
	bare.Store(&client{id: 1})
	b.Run("AtomicPointer", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_ = bare.Load()
			}
		})
	})
	b.Run("OnceValues", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_, _ = once()
			}
		})
	})
	b.Run("Get", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_, _ = holder.Get(ctx)
			}
		})
	})
	b.Run("Use", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_ = holder.Use(ctx, noop)
			}
		})
	})
}

// BenchmarkCold is 64 callers on a holder that is not open yet.
func BenchmarkCold(b *testing.B) {
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		h := lazyclient.Holder[*client]{Open: openClient}
		var callers sync.WaitGroup
		for range 64 {
			callers.Go(func() { _, _ = h.Get(ctx) })
		}
		callers.Wait()
	}
}
