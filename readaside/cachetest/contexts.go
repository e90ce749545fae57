package cachetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

func checkEndedContext(t *testing.T, s *suite) {
	key, absent := s.key("a"), s.key("b")
	must(t, s.set(key, []byte("value"), life))
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	expired, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
	defer cancel()

	for _, ended := range []context.Context{canceled, expired} {
		for name, call := range map[string]func() (answer any, err error){
			"Get": func() (any, error) {
				value, err := s.cache.Get(ended, key)
				return len(value), err
			},
			"Set":         func() (any, error) { return 0, s.cache.Set(ended, key, []byte("value"), life) },
			"SetIfAbsent": func() (any, error) { return s.cache.SetIfAbsent(ended, absent, []byte("value"), life) },
			"SetIfEqual": func() (any, error) {
				return s.cache.SetIfEqual(ended, key, []byte("value"), []byte("value"), life)
			},
			"Delete": func() (any, error) { return 0, s.cache.Delete(ended, absent) },
		} {
			switch answer, err := returns(patience, call); {
			case errors.Is(err, errHangs):
				t.Errorf("%s: %v", name, err)
			case err == nil:
				t.Errorf("%s whose context had ended (%v) returned no error", name, ended.Err())
			case answer == true:
				t.Errorf("%s whose context had ended (%v) reported that it had stored", name, ended.Err())
			}
		}
	}
}

// checkCanceledCalls cancels calls at all stages while other calls run. Each call must get its own
// answer. A client that returns the answer of a canceled call to the next call fails the check.
func checkCanceledCalls(t *testing.T, s *suite) {
	const callers = 4 // of each kind
	var calls []func() error
	for i := range callers {
		key, absent, value := s.key("key"), s.key("absent"), fmt.Appendf(nil, "value %d", i)
		must(t, s.set(key, value, life))
		calls = append(calls, func() error {
			return repeat(func(int) error { return s.useOne(key, absent, value) })
		}, func() error {
			return repeat(func(n int) error { return s.cancelOne(n, key, value) })
		})
	}
	must(t, together(calls...))
}

// useOne makes calls that leave value under key and nothing under absent.
func (s *suite) useOne(key, absent string, value []byte) error {
	if err := s.want(key, value); err != nil {
		return err
	}
	if err := s.want(absent, nil); err != nil {
		return err
	}
	stored, err := s.setIfEqual(key, value, value, life)
	if err := expect(true, "SetIfEqual", stored, err); err != nil {
		return err
	}
	stored, err = s.setIfAbsent(key, value, life)
	return expect(false, "SetIfAbsent", stored, err)
}

// cancelOne makes a call that leaves value under key, and cancels it at a random time within a
// millisecond.
func (s *suite) cancelOne(n int, key string, value []byte) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stop := time.AfterFunc(time.Duration(n%21)*50*time.Microsecond, cancel)
	defer stop.Stop()
	wrong, err := returns(patience, func() (wrong, err error) {
		var got []byte
		var stored bool
		switch n % 4 {
		case 0:
			err = s.cache.Set(ctx, key, value, life)
		case 1:
			stored, err = s.cache.SetIfEqual(ctx, key, value, value, life)
			wrong = expect(true, "canceled SetIfEqual", stored, err)
		case 2:
			stored, err = s.cache.SetIfAbsent(ctx, key, value, life)
			wrong = expect(false, "canceled SetIfAbsent", stored, err)
		default:
			got, err = s.cache.Get(ctx, key)
			if !same(got, value) {
				wrong = fmt.Errorf("canceled Get(%q) returned %s, want %s or an error", key, show(got), show(value))
			}
		}
		return wrong, err
	})
	switch {
	case errors.Is(err, errHangs):
		return err
	case err != nil: // most likely the cancellation
		return nil
	}
	return wrong
}

// repeat calls fn for half a second, at least five times.
func repeat(fn func(n int) error) error {
	for start, n := time.Now(), 0; n < 5 || time.Since(start) < time.Second/2; n++ {
		if err := fn(n); err != nil {
			return err
		}
	}
	return nil
}
