package cachetest_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/readaside"
	"github.com/warmclient/warmclient/readaside/cachetest"
)

func TestMemoryPassesTheConformanceSuite(t *testing.T) {
	cachetest.Run(t, func(*testing.T) readaside.Cache { return cachetest.NewMemory() })
}

func TestZeroMemoryIsAnEmptyCache(t *testing.T) {
	var m cachetest.Memory
	ctx := t.Context()
	value, err := m.Get(ctx, "key")
	require.NoError(t, err)
	assert.Nil(t, value)
	require.NoError(t, m.Delete(ctx, "key"))
	require.NoError(t, m.Set(ctx, "key", []byte("value"), time.Hour))
	value, err = m.Get(ctx, "key")
	require.NoError(t, err)
	assert.Equal(t, "value", string(value))
}

func TestMemoryExpiresEntriesByTheClockOfABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := cachetest.NewMemory()
		require.NoError(t, m.Set(t.Context(), "key", []byte("value"), time.Hour))

		time.Sleep(time.Hour - time.Nanosecond)
		value, err := m.Get(t.Context(), "key")
		require.NoError(t, err)
		assert.Equal(t, "value", string(value))

		time.Sleep(time.Nanosecond)
		value, err = m.Get(t.Context(), "key")
		require.NoError(t, err)
		assert.Nil(t, value)
		stored, err := m.SetIfEqual(t.Context(), "key", []byte("value"), []byte("new"), time.Hour)
		require.NoError(t, err)
		assert.False(t, stored)
		stored, err = m.SetIfAbsent(t.Context(), "key", []byte("new"), time.Hour)
		require.NoError(t, err)
		assert.True(t, stored)
	})
}

func TestMemorySharesNoBytesWithItsCallers(t *testing.T) {
	m := cachetest.NewMemory()
	ctx := t.Context()
	given, old, replaced := []byte("value"), []byte("VALUE"), []byte("other")
	get := func() string {
		value, err := m.Get(ctx, "key")
		require.NoError(t, err)
		text := string(value)
		copy(value, "scribbled")
		return text
	}

	require.NoError(t, m.Set(ctx, "key", given, time.Hour))
	copy(given, "VALUE")
	assert.Equal(t, "value", get())
	assert.Equal(t, "value", get())

	stored, err := m.SetIfEqual(ctx, "key", []byte("value"), replaced, time.Hour)
	require.NoError(t, err)
	require.True(t, stored)
	copy(replaced, "OTHER")
	assert.Equal(t, "other", get())

	require.NoError(t, m.Delete(ctx, "key"))
	_, err = m.SetIfAbsent(ctx, "key", old, time.Hour)
	require.NoError(t, err)
	copy(old, "value")
	assert.Equal(t, "VALUE", get())
}

func TestMemoryRefusesATTLThatIsNotGreaterThanZero(t *testing.T) {
	m := cachetest.NewMemory()
	ctx := t.Context()
	require.NoError(t, m.Set(ctx, "key", []byte("value"), time.Hour))
	for _, ttl := range []time.Duration{0, -1} {
		require.ErrorContains(t, m.Set(ctx, "key", []byte("x"), ttl), `"key"`)
		_, err := m.SetIfAbsent(ctx, "other", []byte("x"), ttl)
		require.ErrorContains(t, err, "not greater than zero")
		_, err = m.SetIfEqual(ctx, "key", []byte("value"), []byte("x"), ttl)
		require.ErrorContains(t, err, "not greater than zero")
	}
	value, err := m.Get(ctx, "key")
	require.NoError(t, err)
	assert.Equal(t, "value", string(value))
}

func TestMemoryDoesNothingOnceTheContextHasEnded(t *testing.T) {
	m := cachetest.NewMemory()
	require.NoError(t, m.Set(t.Context(), "key", []byte("value"), time.Hour))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	require.ErrorIs(t, m.Set(ctx, "key", []byte("x"), time.Hour), context.Canceled)
	require.ErrorIs(t, m.Delete(ctx, "key"), context.Canceled)
	_, err := m.SetIfEqual(ctx, "key", []byte("value"), []byte("x"), time.Hour)
	require.ErrorIs(t, err, context.Canceled)
	_, err = m.SetIfAbsent(ctx, "absent", []byte("x"), time.Hour)
	require.ErrorIs(t, err, context.Canceled)
	_, err = m.Get(ctx, "key")
	require.ErrorIs(t, err, context.Canceled)

	value, err := m.Get(t.Context(), "key")
	require.NoError(t, err)
	assert.Equal(t, "value", string(value))
	value, err = m.Get(t.Context(), "absent")
	require.NoError(t, err)
	assert.Nil(t, value)
}
