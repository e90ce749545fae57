package growth_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/warmclient/warmclient/lazyclient"
)

type client struct{ id int }

func open(context.Context) (*client, error) { return &client{id: 1}, nil }

var (
	bare        atomic.Pointer[client]
	once        = sync.OnceValues(func() (*client, error) { return open(context.Background()) })
	credentials = aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "SECRET"}, nil
	}))
	holder = lazyclient.Holder[*client]{Name: "client", Open: open}
)

// BenchmarkWarmReaders shares b.N warm reads among goroutines: a value that does
// not grow with their number costs nobody a wait. The time of a read includes the
// start of the goroutines, which matters where there are few reads for each.
func BenchmarkWarmReaders(b *testing.B) {
	ctx := b.Context()
	bare.Store(&client{id: 1})
	for _, c := range []struct {
		name string
		read func(n int)
	}{
		{"AtomicPointer", func(n int) {
			for range n {
				_ = bare.Load()
			}
		}},
		{"OnceValues", func(n int) {
			for range n {
				_, _ = once()
			}
		}},
		{"CredentialsCache", func(n int) {
			for range n {
				_, _ = credentials.Retrieve(ctx)
			}
		}},
		{"HolderGet", func(n int) {
			for range n {
				_, _ = holder.Get(ctx)
			}
		}},
		{"HolderUse", func(n int) {
			for range n {
				_ = holder.Use(ctx, func(context.Context, *client) error { return nil })
			}
		}},
	} {
		for _, readers := range []int{1, 10, 100, 1000} {
			b.Run(fmt.Sprintf("%s/readers=%d", c.name, readers), func(b *testing.B) {
				b.ReportAllocs()
				var running sync.WaitGroup
				for i := range readers {
					share := b.N / readers
					if i < b.N%readers {
						share++
					}
					running.Go(func() { c.read(share) })
				}
				running.Wait()
			})
		}
	}
}
