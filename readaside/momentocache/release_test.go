package momentocache_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/readaside/momentocache"
)

func TestReleaseClosesTheClient(t *testing.T) {
	s := newServer(t)
	client, err := s.opener(t).Open(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, s.listener.open())
	require.NoError(t, momentocache.Release(t.Context(), client))
	requireNoClientLeft(t)
	require.Eventually(t, func() bool { return s.listener.open() == 0 }, 5*time.Second, 5*time.Millisecond)

	require.NoError(t, momentocache.Release(t.Context(), nil))
}
