package holders_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
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

// Package variables, which is how such values are used: a closure over a local variable would be a
// different read.
var (
	bare        atomic.Pointer[client]
	once        = sync.OnceValues(openPlain)
	syncValue   lazy.SyncValue[*client]
	evaluated   = synctrack.Lazy[*client]{Evaluate: openPlain}
	credentials = aws.NewCredentialsCache(aws.CredentialsProviderFunc(openCredentials))
	group       singleflight.Group
	injector    = do.New()
	holder      = lazyclient.Holder[*client]{Name: "client", Open: open}
	aging       = lazyclient.Holder[*client]{Name: "client", Open: open, MaxAge: time.Hour}
	expiring    = lazyclient.Holder[*client]{Name: "client", Open: open, Expires: func(*client) time.Time { return expiry }}
	expiry      = time.Now().Add(time.Hour)
	failing     = lazyclient.Holder[*client]{
		Name:    "client",
		Open:    func(context.Context) (*client, error) { return nil, errors.New("no route to host") },
		Backoff: func(int) time.Duration { return time.Hour },
	}
)

func use(context.Context, *client) error { return nil }

// warm reads a value that is there, n times. The loops stand in full, since a function value in
// between would cost more than the fastest reads.
var warm = []struct {
	name string
	read func(ctx context.Context, n int)
}{
	{"AtomicPointer", func(_ context.Context, n int) {
		for range n {
			_ = bare.Load()
		}
	}},
	{"OnceValues", func(_ context.Context, n int) {
		for range n {
			_, _ = once()
		}
	}},
	{"SyncValue", func(_ context.Context, n int) {
		for range n {
			_, _ = syncValue.GetErr(openPlain)
		}
	}},
	{"Synctrack", func(_ context.Context, n int) {
		for range n {
			_, _ = evaluated.Get()
		}
	}},
	{"CredentialsCache", func(ctx context.Context, n int) {
		for range n {
			_, _ = credentials.Retrieve(ctx)
		}
	}},
	{"Singleflight", func(_ context.Context, n int) {
		for range n {
			_, _, _ = group.Do("client", openAny)
		}
	}},
	{"SamberDo", func(_ context.Context, n int) {
		for range n {
			_, _ = do.Invoke[*client](injector)
		}
	}},
	{"HolderGet", func(ctx context.Context, n int) {
		for range n {
			_, _ = holder.Get(ctx)
		}
	}},
	{"HolderGetMaxAge", func(ctx context.Context, n int) {
		for range n {
			_, _ = aging.Get(ctx)
		}
	}},
	{"HolderGetExpires", func(ctx context.Context, n int) {
		for range n {
			_, _ = expiring.Get(ctx)
		}
	}},
	{"HolderUse", func(ctx context.Context, n int) {
		for range n {
			_ = holder.Use(ctx, use)
		}
	}},
	{"HolderTryUse", func(ctx context.Context, n int) {
		for range n {
			_ = holder.TryUse(ctx, use)
		}
	}},
	{"HolderFailed", func(ctx context.Context, n int) {
		for range n {
			_, _ = failing.Get(ctx)
		}
	}},
}

// BenchmarkWarmParallel shares the reads among as many goroutines as there are processors.
func BenchmarkWarmParallel(b *testing.B) {
	for _, c := range warm {
		share(b, c.name, runtime.GOMAXPROCS(0), c.read)
	}
}

// BenchmarkWarmReaders shares the reads among more and more goroutines. The time of a read includes
// their start, which matters where there are few reads for each.
func BenchmarkWarmReaders(b *testing.B) {
	for _, c := range warm {
		for _, readers := range []int{1, 10, 100, 1000} {
			share(b, fmt.Sprintf("%s/readers=%d", c.name, readers), readers, c.read)
		}
	}
}

func share(b *testing.B, name string, readers int, read func(ctx context.Context, n int)) {
	bare.Store(&client{id: 1})
	do.Override(injector, func(do.Injector) (*client, error) { return openPlain() })
	b.Run(name, func(b *testing.B) {
		ctx := b.Context()
		read(ctx, 1)
		b.ReportAllocs()
		b.ResetTimer()
		var running sync.WaitGroup
		for i := range readers {
			running.Go(func() { read(ctx, (b.N+i)/readers) })
		}
		running.Wait()
	})
}
