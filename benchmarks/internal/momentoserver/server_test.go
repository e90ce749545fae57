package momentoserver_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/benchmarks/internal/momentoserver"
	"github.com/warmclient/warmclient/readaside/momentocache"
)

func TestTheSDKReadsWhatItWrote(t *testing.T) {
	server, err := momentoserver.Start()
	require.NoError(t, err)
	defer server.Stop()
	holder := server.Holder()
	defer func() { require.NoError(t, holder.Close(t.Context())) }()
	cache := &momentocache.Cache{Client: holder, Name: "accounts"}

	value, err := cache.Get(t.Context(), "k")
	require.NoError(t, err)
	assert.Nil(t, value)

	require.NoError(t, cache.SetIfAbsent(t.Context(), "k", []byte("first"), time.Minute))
	require.NoError(t, cache.SetIfAbsent(t.Context(), "k", []byte("second"), time.Minute))
	value, err = cache.Get(t.Context(), "k")
	require.NoError(t, err)
	assert.Equal(t, "first", string(value))

	require.NoError(t, cache.Set(t.Context(), "k", []byte("third"), time.Minute))
	value, err = cache.Get(t.Context(), "k")
	require.NoError(t, err)
	assert.Equal(t, "third", string(value))
}
