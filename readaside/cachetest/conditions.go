package cachetest

import (
	"errors"
	"fmt"
	"testing"
)

const contenders = 8

func checkConcurrentSetIfAbsent(t *testing.T, s *suite) {
	rounds(t, func() error {
		key := s.key("key")
		return s.oneWins("SetIfAbsent", key, func(value []byte) (bool, error) {
			return s.setIfAbsent(key, value, life)
		})
	})
}

func checkConcurrentSetIfEqual(t *testing.T, s *suite) {
	rounds(t, func() error {
		key := s.key("key")
		if err := s.set(key, []byte("old"), life); err != nil {
			return err
		}
		return s.oneWins("SetIfEqual of the same old value", key, func(value []byte) (bool, error) {
			return s.setIfEqual(key, []byte("old"), value, life)
		})
	})
}

// oneWins makes many callers store different values at the same time. Exactly one of them must
// store, and its value must remain.
func (s *suite) oneWins(name, key string, store func(value []byte) (bool, error)) error {
	var (
		stored [contenders]bool
		calls  []func() error
	)
	value := func(i int) []byte { return fmt.Appendf(nil, "value %d", i) }
	for i := range contenders {
		calls = append(calls, func() (err error) {
			stored[i], err = store(value(i))
			return err
		})
	}
	if err := together(calls...); err != nil {
		return err
	}
	winner, winners := 0, 0
	for i := range stored {
		if stored[i] {
			winner = i
			winners++
		}
	}
	if winners != 1 {
		return fmt.Errorf("%d of %d concurrent calls of %s reported that they had stored, want 1", winners, contenders, name)
	}
	return named(s.want(key, value(winner)), "after concurrent calls of %s", name)
}

// checkConditionsAgainstSet runs a conditional store and Set at the same time. In either order,
// Set's value remains: it replaces the value of the conditional store, or the condition does not
// hold.
func checkConditionsAgainstSet(t *testing.T, s *suite) {
	rounds(t, func() error {
		key, other := s.key("a"), s.key("b")
		if err := s.set(key, []byte("old"), life); err != nil {
			return err
		}
		err := together(
			func() error { return s.set(key, []byte("set"), life) },
			func() error { return s.set(other, []byte("set"), life) },
			func() error {
				_, err := s.setIfEqual(key, []byte("old"), []byte("conditional"), life)
				return err
			},
			func() error {
				_, err := s.setIfAbsent(other, []byte("conditional"), life)
				return err
			},
		)
		if err != nil {
			return err
		}
		return errors.Join(
			named(s.want(key, []byte("set")), "after Set and SetIfEqual of the value that Set replaces"),
			named(s.want(other, []byte("set")), "after Set and SetIfAbsent"),
		)
	})
}

// checkConditionsAgainstDelete runs SetIfEqual and Delete at the same time. In either order,
// nothing remains.
func checkConditionsAgainstDelete(t *testing.T, s *suite) {
	rounds(t, func() error {
		key := s.key("key")
		if err := s.set(key, []byte("old"), life); err != nil {
			return err
		}
		err := together(
			func() error { return s.delete(key) },
			func() error {
				_, err := s.setIfEqual(key, []byte("old"), []byte("conditional"), life)
				return err
			},
		)
		if err != nil {
			return err
		}
		return named(s.want(key, nil), "after Delete and SetIfEqual of the value that Delete removes")
	})
}
