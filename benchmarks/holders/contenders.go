package holders

import (
	"context"
	"strconv"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/samber/do/v2"
	"golang.org/x/sync/singleflight"
	"k8s.io/client-go/tools/cache/synctrack"
	"tailscale.com/types/lazy"

	"github.com/warmclient/warmclient/lazyclient"
)

// Ours is the name of the contender that is not a peer.
const Ours = "lazyclient.Holder"

// open opens a value.
type open func(ctx context.Context) (int, error)

// shared is a value that a contender shares.
type shared struct {
	get        func(ctx context.Context) (int, error)
	invalidate func() // nil if not supported
}

// contender is one way to share a value, used as its documentation shows. If its API has no
// context, it opens with context.Background().
type contender struct {
	name  string
	bench string // its name in benchmarks
	share func(open) shared
}

func contenders() []contender {
	return []contender{
		{"sync.OnceValues", "OnceValues", shareOnceValues},
		{"tailscale lazy.SyncValue", "SyncValue", shareSyncValue},
		{"k8s synctrack.Lazy", "Synctrack", shareSynctrack},
		{"aws.CredentialsCache", "CredentialsCache", shareCredentials},
		{"singleflight.DoChan", "Singleflight", shareSingleflight},
		{"samber/do Invoke", "SamberDo", shareInjector},
		{Ours, "Holder", shareHolder},
	}
}

func shareOnceValues(o open) shared {
	once := sync.OnceValues(func() (int, error) { return o(context.Background()) })
	return shared{get: func(context.Context) (int, error) { return once() }}
}

func shareSyncValue(o open) shared {
	var v lazy.SyncValue[int]
	fill := func() (int, error) { return o(context.Background()) }
	return shared{get: func(context.Context) (int, error) { return v.GetErr(fill) }}
}

func shareSynctrack(o open) shared {
	v := synctrack.Lazy[int]{Evaluate: func() (int, error) { return o(context.Background()) }}
	return shared{
		get:        func(context.Context) (int, error) { return v.Get() },
		invalidate: v.Notify,
	}
}

// shareCredentials stores the value in the only type that the cache supports.
func shareCredentials(o open) shared {
	cache := aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		v, err := o(ctx)
		return aws.Credentials{AccessKeyID: strconv.Itoa(v), SecretAccessKey: "-"}, err
	}))
	return shared{
		get: func(ctx context.Context) (int, error) {
			c, err := cache.Retrieve(ctx)
			if err != nil {
				return 0, err
			}
			return strconv.Atoi(c.AccessKeyID)
		},
		invalidate: cache.Invalidate,
	}
}

// shareSingleflight shares only in-flight calls. It keeps no value.
func shareSingleflight(o open) shared {
	var group singleflight.Group
	return shared{
		get: func(ctx context.Context) (int, error) {
			result := group.DoChan("", func() (any, error) { return o(context.WithoutCancel(ctx)) })
			select {
			case r := <-result:
				v, _ := r.Val.(int)
				return v, r.Err
			case <-ctx.Done():
				return 0, context.Cause(ctx)
			}
		},
		invalidate: func() { group.Forget("") },
	}
}

func shareInjector(o open) shared {
	injector := do.New()
	do.Provide(injector, func(do.Injector) (int, error) { return o(context.Background()) })
	return shared{
		get:        func(context.Context) (int, error) { return do.Invoke[int](injector) },
		invalidate: func() { _ = do.Shutdown[int](injector) },
	}
}

func shareHolder(o open) shared {
	h := &lazyclient.Holder[int]{Name: "value", Open: o}
	return shared{get: h.Get, invalidate: h.Reset}
}
