package holders_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/samber/do/v2"
	"golang.org/x/sync/singleflight"
	"k8s.io/client-go/tools/cache/synctrack"

	"github.com/warmclient/warmclient/lazyclient"
)

// fresh returns a Get on a holder that is not open yet, of each kind that shares
// an open among its callers.
var fresh = []struct {
	name  string
	share func(open func(context.Context) (*client, error)) func(context.Context) error
}{
	{"OnceValues", func(open func(context.Context) (*client, error)) func(context.Context) error {
		get := sync.OnceValues(func() (*client, error) { return open(context.Background()) })
		return func(context.Context) error { _, err := get(); return err }
	}},
	{"Synctrack", func(open func(context.Context) (*client, error)) func(context.Context) error {
		l := &synctrack.Lazy[*client]{Evaluate: func() (*client, error) { return open(context.Background()) }}
		return func(context.Context) error { _, err := l.Get(); return err }
	}},
	{"CredentialsCache", func(open func(context.Context) (*client, error)) func(context.Context) error {
		c := aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
			_, err := open(ctx)
			return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "SECRET"}, err
		}))
		return func(ctx context.Context) error { _, err := c.Retrieve(ctx); return err }
	}},
	{"Singleflight", func(open func(context.Context) (*client, error)) func(context.Context) error {
		g := new(singleflight.Group)
		return func(ctx context.Context) error {
			_, err, _ := g.Do("client", func() (any, error) { return open(ctx) })
			return err
		}
	}},
	{"SamberDo", func(open func(context.Context) (*client, error)) func(context.Context) error {
		i := do.New()
		do.Provide(i, func(do.Injector) (*client, error) { return open(context.Background()) })
		return func(context.Context) error { _, err := do.Invoke[*client](i); return err }
	}},
	{"Holder", func(open func(context.Context) (*client, error)) func(context.Context) error {
		h := &lazyclient.Holder[*client]{Name: "client", Open: open}
		return func(ctx context.Context) error { _, err := h.Get(ctx); return err }
	}},
}

// BenchmarkColdStampede lets 64 callers ask for a value that takes a millisecond
// to open. The allocations include those of the 64 goroutines.
func BenchmarkColdStampede(b *testing.B) {
	storm(b, 64, nil, func(context.Context) (*client, error) {
		time.Sleep(time.Millisecond)
		return &client{id: 1}, nil
	})
}

// BenchmarkFailureStorm lets ten callers ask for a value whose open fails after
// 50 ms.
func BenchmarkFailureStorm(b *testing.B) {
	storm(b, 10, nil, fail)
}

// BenchmarkFailureCrowd is BenchmarkFailureStorm with 10,000 callers, but for the holders that would
// let one caller after the other open: that takes minutes.
func BenchmarkFailureCrowd(b *testing.B) {
	storm(b, 10_000, []string{"Synctrack", "SamberDo"}, fail)
}

var errFailure = errors.New("no route to host")

func fail(context.Context) (*client, error) {
	time.Sleep(50 * time.Millisecond)
	return nil, errFailure
}

func storm(b *testing.B, callers int, without []string, open func(context.Context) (*client, error)) {
	ctx := b.Context()
	for _, f := range fresh {
		if slices.Contains(without, f.name) {
			continue
		}
		b.Run(f.name, func(b *testing.B) {
			b.ReportAllocs()
			var opens atomic.Int64
			for b.Loop() {
				get := f.share(func(ctx context.Context) (*client, error) {
					opens.Add(1)
					return open(ctx)
				})
				var wg sync.WaitGroup
				for range callers {
					wg.Go(func() { _ = get(ctx) })
				}
				wg.Wait()
			}
			b.ReportMetric(float64(opens.Load())/float64(b.N), "opens/op")
		})
	}
}
