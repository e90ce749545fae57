package cachetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/warmclient/warmclient/readaside"
)

// patience is the time limit of each call of the suites. It is long, because a slow machine or a
// distant server is not a fault of the cache.
var patience = 20 * time.Second

// life is the time to live of entries that must not expire during a check.
const life = time.Hour

// Run tests a cache for conformance with readaside.Cache. It calls newCache once, with t, and uses
// the cache concurrently from multiple goroutines. It retries a call that returns
// readaside.ErrNotReady for up to 20 seconds. Run returns when the suite has ended.
func Run(t *testing.T, newCache func(t *testing.T) readaside.Cache) {
	t.Helper()
	s := newSuite(newCache(t))
	checks := []struct {
		name  string
		check func(t *testing.T, s *suite)
	}{
		{"a value that was set is returned", checkRoundTrip},
		{"a miss is nil without an error", checkMiss},
		{"an empty value is not a miss", checkEmptyValue},
		{"SetIfAbsent stores over nothing only", checkSetIfAbsent},
		{"SetIfEqual stores over the old value only", checkSetIfEqual},
		{"SetIfEqual compares bytes", checkSetIfEqualComparesBytes},
		{"Delete removes one entry", checkDelete},
		{"keys are arbitrary bytes", checkKeys},
		{"values are arbitrary bytes", checkValues},
		{"values may be large", checkLargeValues},
		{"bytes are not modified or reused", checkBytesAreNotReused},
		{"entries expire in milliseconds", checkExpiry},
		{"entries do not expire early", checkNoEarlyExpiry},
		{"a new value brings its own ttl", checkReplacedTTL},
		{"a condition that does not hold changes no ttl", checkRefusedTTL},
		{"an expired entry is absent", checkExpiredIsAbsent},
		{"the smallest ttl is accepted", checkSmallestTTL},
		{"one of many SetIfAbsent stores", checkConcurrentSetIfAbsent},
		{"one of many SetIfEqual stores", checkConcurrentSetIfEqual},
		{"a condition and Set are atomic", checkConditionsAgainstSet},
		{"SetIfEqual and Delete are atomic", checkConditionsAgainstDelete},
		{"a call whose context has ended is an error", checkEndedContext},
		{"canceled calls disturb no others", checkCanceledCalls},
	}
	// The group ends when all of its parallel checks have ended, so Run does not return earlier.
	t.Run("conformance", func(t *testing.T) {
		for _, c := range checks {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.check(t, s)
			})
		}
	})
}

// A suite calls a cache. Its methods are safe for concurrent use by multiple goroutines.
type suite struct {
	cache  readaside.Cache
	prefix string
	keys   atomic.Int64 // made so far
}

func newSuite(c readaside.Cache) *suite {
	return &suite{cache: c, prefix: "cachetest/" + rand.Text() + "/"}
}

// key returns a key that no other call returns, whose last part is name.
func (s *suite) key(name string) string {
	return fmt.Sprintf("%s%d/%s", s.prefix, s.keys.Add(1), name)
}

func (s *suite) get(key string) ([]byte, error) {
	value, err := ask(func(ctx context.Context) ([]byte, error) { return s.cache.Get(ctx, key) })
	return value, named(err, "Get(%s)", show([]byte(key)))
}

func (s *suite) set(key string, value []byte, ttl time.Duration) error {
	_, err := ask(func(ctx context.Context) (struct{}, error) {
		return struct{}{}, s.cache.Set(ctx, key, value, ttl)
	})
	return named(err, "Set(%s, %s, %v)", show([]byte(key)), show(value), ttl)
}

func (s *suite) setIfAbsent(key string, value []byte, ttl time.Duration) (bool, error) {
	stored, err := ask(func(ctx context.Context) (bool, error) {
		return s.cache.SetIfAbsent(ctx, key, value, ttl)
	})
	return stored, named(err, "SetIfAbsent(%s, %s, %v)", show([]byte(key)), show(value), ttl)
}

func (s *suite) setIfEqual(key string, old, value []byte, ttl time.Duration) (bool, error) {
	stored, err := ask(func(ctx context.Context) (bool, error) {
		return s.cache.SetIfEqual(ctx, key, old, value, ttl)
	})
	return stored, named(err, "SetIfEqual(%s, %s, %s, %v)", show([]byte(key)), show(old), show(value), ttl)
}

func (s *suite) delete(key string) error {
	_, err := ask(func(ctx context.Context) (struct{}, error) {
		return struct{}{}, s.cache.Delete(ctx, key)
	})
	return named(err, "Delete(%s)", show([]byte(key)))
}

// want returns an error unless value is stored under key. A nil value is a miss.
func (s *suite) want(key string, value []byte) error {
	got, err := s.get(key)
	switch {
	case err != nil:
		return err
	case !same(got, value):
		return fmt.Errorf("Get(%s) returned %s, want %s", show([]byte(key)), show(got), show(value))
	}
	return nil
}

// same reports whether a and b are the same result of Get. A nil value is a miss, an empty value is
// not.
func same(a, b []byte) bool {
	return (a == nil) == (b == nil) && bytes.Equal(a, b)
}

// ask retries call until the cache is ready, for at most patience. It does not wait for a call that
// ignores its context.
func ask[T any](call func(ctx context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		answer, err := returns(patience, func() (T, error) { return call(ctx) })
		if !errors.Is(err, readaside.ErrNotReady) || ctx.Err() != nil {
			return answer, err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

var errHangs = errors.New("the call did not return")

// returns makes a call that must return within twice d.
func returns[T any](d time.Duration, call func() (T, error)) (T, error) {
	type result struct {
		answer T
		err    error
	}
	done := make(chan result, 1)
	go func() {
		answer, err := call()
		done <- result{answer, err}
	}()
	timeout := time.NewTimer(2 * d)
	defer timeout.Stop()
	select {
	case r := <-done:
		return r.answer, r.err
	case <-timeout.C:
		var none T
		return none, fmt.Errorf("%w within %v after its context had ended", errHangs, d)
	}
}

func named(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}

// show returns b, or its beginning, in quotes.
func show(b []byte) string {
	const most = 80
	switch {
	case b == nil:
		return "a miss"
	case len(b) > most:
		return fmt.Sprintf("%q... (%d bytes)", b[:most], len(b))
	}
	return fmt.Sprintf("%q", b)
}

// must fails the test at once if err is not nil.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// mustStore fails the test at once if err is not nil or stored is not want.
func mustStore(t *testing.T, want bool, what string, stored bool, err error) {
	t.Helper()
	must(t, err)
	if stored != want {
		t.Fatalf("%s reported stored = %t, want %t", what, stored, want)
	}
}

// together starts the functions in random order, runs them concurrently, and returns their joined
// errors.
func together(fns ...func() error) error {
	var (
		wg    sync.WaitGroup
		start = make(chan struct{})
		errs  = make([]error, len(fns))
	)
	for _, i := range mathrand.Perm(len(fns)) {
		wg.Go(func() {
			<-start
			errs[i] = fns[i]()
		})
	}
	close(start)
	wg.Wait()
	return errors.Join(errs...)
}

// rounds repeats a check that may pass by chance: up to 400 times within a second, and at least 10
// times.
func rounds(t *testing.T, round func() error) {
	t.Helper()
	for start, n := time.Now(), 0; n < 10 || n < 400 && time.Since(start) < time.Second; n++ {
		if err := round(); err != nil {
			t.Fatalf("round %d: %v", n+1, err)
		}
	}
}
