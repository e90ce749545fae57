package holders_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/samber/do/v2"
	"golang.org/x/sync/singleflight"
	"k8s.io/client-go/tools/cache/synctrack"
	"tailscale.com/types/lazy"

	"github.com/warmclient/warmclient/lazyclient"
)

type client struct{ id int }

func open(context.Context) (*client, error) { return &client{id: 1}, nil }
func openPlain() (*client, error)           { return open(context.Background()) }
func openAny() (any, error)                 { return open(context.Background()) }

func openCredentials(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "SECRET"}, nil
}

// Package variables, which is how such values are used: a closure over a local
// variable would be a different read.
var (
	bare        atomic.Pointer[client]
	once        = sync.OnceValues(openPlain)
	syncValue   lazy.SyncValue[*client]
	evaluated   = synctrack.Lazy[*client]{Evaluate: openPlain}
	credentials = aws.NewCredentialsCache(aws.CredentialsProviderFunc(openCredentials))
	group       singleflight.Group
	injector    = provide()
	holder      = lazyclient.Holder[*client]{Name: "client", Open: open}
	aging       = lazyclient.Holder[*client]{Name: "client", Open: open, MaxAge: time.Hour}
)

func provide() do.Injector {
	i := do.New()
	do.Provide(i, func(do.Injector) (*client, error) { return openPlain() })
	return i
}

func use(context.Context, *client) error { return nil }

// BenchmarkWarm reads a value that is there, on one goroutine. The loops stand
// in full, here and below, since a function value in between would cost more than
// the fastest reads.
func BenchmarkWarm(b *testing.B) {
	ctx := b.Context()
	bare.Store(&client{id: 1})
	b.Run("AtomicPointer", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = bare.Load()
		}
	})
	b.Run("OnceValues", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = once()
		}
	})
	b.Run("SyncValue", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = syncValue.GetErr(openPlain)
		}
	})
	b.Run("Synctrack", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = evaluated.Get()
		}
	})
	b.Run("CredentialsCache", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = credentials.Retrieve(ctx)
		}
	})
	b.Run("Singleflight", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _, _ = group.Do("client", openAny)
		}
	})
	b.Run("SamberDo", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = do.Invoke[*client](injector)
		}
	})
	b.Run("HolderGet", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = holder.Get(ctx)
		}
	})
	b.Run("HolderGetMaxAge", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = aging.Get(ctx)
		}
	})
	b.Run("HolderUse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = holder.Use(ctx, use)
		}
	})
}

// BenchmarkWarmParallel is BenchmarkWarm on as many goroutines as there are
// processors. Each round costs the loop's own nanosecond more.
func BenchmarkWarmParallel(b *testing.B) {
	ctx := b.Context()
	bare.Store(&client{id: 1})
	b.Run("AtomicPointer", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_ = bare.Load()
			}
		})
	})
	b.Run("OnceValues", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_, _ = once()
			}
		})
	})
	b.Run("SyncValue", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_, _ = syncValue.GetErr(openPlain)
			}
		})
	})
	b.Run("Synctrack", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_, _ = evaluated.Get()
			}
		})
	})
	b.Run("CredentialsCache", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_, _ = credentials.Retrieve(ctx)
			}
		})
	})
	b.Run("Singleflight", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_, _, _ = group.Do("client", openAny)
			}
		})
	})
	b.Run("SamberDo", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_, _ = do.Invoke[*client](injector)
			}
		})
	})
	b.Run("HolderGet", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_, _ = holder.Get(ctx)
			}
		})
	})
	b.Run("HolderGetMaxAge", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_, _ = aging.Get(ctx)
			}
		})
	})
	b.Run("HolderUse", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_ = holder.Use(ctx, use)
			}
		})
	})
}
