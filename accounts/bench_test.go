package accounts_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/accounts"
	"github.com/warmclient/warmclient/readaside"
)

// quick is a cache that costs next to nothing, so that what is measured is what a Service adds to
// it.
type quick struct{ m sync.Map }

func (c *quick) Get(_ context.Context, key string) ([]byte, error) {
	v, _ := c.m.Load(key)
	value, _ := v.([]byte)
	return value, nil
}

func (c *quick) Set(_ context.Context, key string, value []byte, _ time.Duration) error {
	c.m.Store(key, value)
	return nil
}

func (c *quick) SetIfAbsent(_ context.Context, key string, value []byte, _ time.Duration) (bool, error) {
	_, there := c.m.LoadOrStore(key, value)
	return !there, nil
}

func (c *quick) SetIfEqual(_ context.Context, key string, _, value []byte, _ time.Duration) (bool, error) {
	c.m.Store(key, value)
	return true, nil
}

func (c *quick) Delete(_ context.Context, key string) error {
	c.m.Delete(key)
	return nil
}

func BenchmarkRawCache(b *testing.B) {
	c := &quick{}
	require.NoError(b, c.Set(b.Context(), "8:accounts/user/ann", make([]byte, 50), 0))
	b.ReportAllocs()
	for b.Loop() {
		if v, err := c.Get(b.Context(), "8:accounts/user/ann"); v == nil || err != nil {
			b.Fatal(v, err)
		}
	}
}

func BenchmarkHit(b *testing.B) {
	for name, o := range map[string]accounts.Options{
		"Unobserved": {},
		"Observed":   {Observe: func(context.Context, readaside.Event) {}},
	} {
		b.Run(name, func(b *testing.B) {
			o.Cache = &quick{}
			s := newService(b, newTable(), o)
			_, err := s.CreateUser(b.Context(), accounts.User{Username: "ann", FirstName: "Ann", LastName: "Lee"})
			require.NoError(b, err)
			ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
			defer cancel()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.GetUser(ctx, "ann"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
