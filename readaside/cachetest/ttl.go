package cachetest

import (
	"fmt"
	"testing"
	"time"
)

// The checks of times to live hold under any load. An entry is stored between the beginning and the
// return of its call. It must be present until its ttl after the beginning, and absent from its ttl
// after the return.
const (
	shortTTL = 100 * time.Millisecond
	longTTL  = 1900 * time.Millisecond // a cache that counts whole seconds rounds it to one or two

	// tolerance allows for different clocks and for caches that remove expired entries
	// periodically.
	tolerance = 400 * time.Millisecond
)

// A storing is one of the ways to store an entry.
type storing struct {
	name  string
	store func(s *suite, key string, ttl time.Duration) error
}

var storings = []storing{
	{"Set", func(s *suite, key string, ttl time.Duration) error {
		return s.set(key, []byte("value"), ttl)
	}},
	{"SetIfAbsent", func(s *suite, key string, ttl time.Duration) error {
		stored, err := s.setIfAbsent(key, []byte("value"), ttl)
		return expect(true, "SetIfAbsent", stored, err)
	}},
	{"SetIfEqual", func(s *suite, key string, ttl time.Duration) error {
		if err := s.set(key, []byte("old"), life); err != nil {
			return err
		}
		stored, err := s.setIfEqual(key, []byte("old"), []byte("value"), ttl)
		return expect(true, "SetIfEqual", stored, err)
	}},
	{"SetIfEqual of a value to itself", func(s *suite, key string, ttl time.Duration) error {
		if err := s.set(key, []byte("value"), life); err != nil {
			return err
		}
		stored, err := s.setIfEqual(key, []byte("value"), []byte("value"), ttl)
		return expect(true, "SetIfEqual", stored, err)
	}},
}

func expect(want bool, what string, stored bool, err error) error {
	if err == nil && stored != want {
		return fmt.Errorf("%s reported stored = %t, want %t", what, stored, want)
	}
	return err
}

// eachStoring runs a check for all ways to store, concurrently.
func eachStoring(t *testing.T, check func(by storing) error) {
	t.Helper()
	var checks []func() error
	for _, by := range storings {
		checks = append(checks, func() error { return named(check(by), "stored by %s", by.name) })
	}
	if err := together(checks...); err != nil {
		t.Error(err)
	}
}

func checkExpiry(t *testing.T, s *suite) {
	eachStoring(t, func(by storing) error {
		key := s.key("key")
		if err := by.store(s, key, shortTTL); err != nil {
			return err
		}
		return s.gone(key, time.Now(), shortTTL)
	})
}

// gone waits until the entry has expired. The entry was stored before the given time with the given
// ttl.
func (s *suite) gone(key string, before time.Time, ttl time.Duration) error {
	for {
		began := time.Since(before)
		value, err := s.get(key)
		switch {
		case err != nil:
			return err
		case value == nil:
			return nil
		case began > ttl+tolerance:
			return fmt.Errorf("Get(%q) returned an entry %v after it was stored with a ttl of %v", key, began, ttl)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func checkNoEarlyExpiry(t *testing.T, s *suite) {
	eachStoring(t, func(by storing) error {
		key := s.key("key")
		began := time.Now()
		if err := by.store(s, key, longTTL); err != nil {
			return err
		}
		return named(s.stays(key, began, longTTL-tolerance), "with a ttl of %v", longTTL)
	})
}

// stays returns an error if an entry that was stored after the given time is missing before d has
// passed.
func (s *suite) stays(key string, began time.Time, d time.Duration) error {
	for {
		value, err := s.get(key)
		took := time.Since(began)
		switch {
		case err != nil:
			return err
		case took > d:
			return nil
		case value == nil:
			return fmt.Errorf("Get(%q) missed an entry %v after it was stored", key, took)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// checkReplacedTTL replaces an entry with a short ttl by one with a long ttl. checkExpiry checks
// the reverse.
func checkReplacedTTL(t *testing.T, s *suite) {
	replace := func(name string, store func(key string) error) func() error {
		return func() error {
			for {
				key, began := s.key("key"), time.Now()
				if err := s.set(key, []byte("old"), longTTL); err != nil {
					return err
				}
				if err := store(key); err != nil {
					if time.Since(began) > longTTL-tolerance {
						continue // the entry may have expired before it was replaced
					}
					return named(err, "%s over an entry with a ttl", name)
				}
				return named(s.stays(key, began, longTTL+tolerance), "%s with a ttl of %v over an entry with a ttl of %v", name, life, longTTL)
			}
		}
	}
	must(t, together(
		replace("Set", func(key string) error { return s.set(key, []byte("new"), life) }),
		replace("SetIfEqual", func(key string) error {
			stored, err := s.setIfEqual(key, []byte("old"), []byte("new"), life)
			return expect(true, "SetIfEqual", stored, err)
		}),
		replace("SetIfEqual of a value to itself", func(key string) error {
			stored, err := s.setIfEqual(key, []byte("old"), []byte("old"), life)
			return expect(true, "SetIfEqual", stored, err)
		}),
	))
}

func checkRefusedTTL(t *testing.T, s *suite) {
	// refused tries to replace an entry, whose ttl must not change.
	refused := func(name string, try func(key string, ttl time.Duration) (bool, error)) func() error {
		return func() error {
			key := s.key("key")
			if err := s.set(key, []byte("value"), shortTTL); err != nil {
				return err
			}
			returned := time.Now()
			stored, err := try(key, life)
			if err != nil {
				return err
			}
			if !stored { // otherwise the entry had expired
				if err := named(s.gone(key, returned, shortTTL), "%s, refused", name); err != nil {
					return err
				}
			}
			key = s.key("key")
			if err := s.set(key, []byte("value"), life); err != nil {
				return err
			}
			began := time.Now()
			stored, err = try(key, time.Millisecond)
			if err := expect(false, name, stored, err); err != nil {
				return err
			}
			return named(s.stays(key, began, tolerance), "%s, refused", name)
		}
	}
	must(t, together(
		refused("SetIfAbsent", func(key string, ttl time.Duration) (bool, error) {
			return s.setIfAbsent(key, []byte("other"), ttl)
		}),
		refused("SetIfAbsent of the same value", func(key string, ttl time.Duration) (bool, error) {
			return s.setIfAbsent(key, []byte("value"), ttl)
		}),
		refused("SetIfEqual", func(key string, ttl time.Duration) (bool, error) {
			return s.setIfEqual(key, []byte("other"), []byte("value"), ttl)
		}),
	))
}

func checkExpiredIsAbsent(t *testing.T, s *suite) {
	expired := func() (string, error) {
		key := s.key("key")
		if err := s.set(key, []byte("value"), shortTTL); err != nil {
			return "", err
		}
		time.Sleep(shortTTL + tolerance)
		return key, nil
	}
	must(t, together(
		func() error {
			key, err := expired()
			if err != nil {
				return err
			}
			stored, err := s.setIfEqual(key, []byte("value"), []byte("new"), life)
			if err := expect(false, "SetIfEqual of an entry that has expired", stored, err); err != nil {
				return err
			}
			return s.want(key, nil)
		},
		func() error {
			key, err := expired()
			if err != nil {
				return err
			}
			stored, err := s.setIfAbsent(key, []byte("new"), life)
			if err := expect(true, "SetIfAbsent over an entry that has expired", stored, err); err != nil {
				return err
			}
			return s.want(key, []byte("new"))
		},
	))
}

// checkSmallestTTL stores entries with a ttl shorter than the resolution of a cache.
func checkSmallestTTL(t *testing.T, s *suite) {
	for _, ttl := range []time.Duration{1, time.Millisecond} {
		eachStoring(t, func(by storing) error {
			key := s.key("key")
			if err := by.store(s, key, ttl); err != nil {
				return err
			}
			return s.gone(key, time.Now(), ttl)
		})
	}
}
