package main

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/app"
)

func TestTheTourSucceedsOnValkey(t *testing.T) {
	t.Parallel()
	cmd := command(t, "-cache", "valkey")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s%s", out, &stderr)
	assert.Empty(t, stderr.String())
	assert.Equal(t, len(healthySteps)+7, bytes.Count(out, []byte("\n")), "a header and a row for each step: %s", out)
}

func TestTheTourSucceedsAgainOnARunningServer(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	for range 2 {
		cmd := command(t, "-cache", server.Addr())
		cmd.Env = append(cmd.Env, "CACHE_ENDPOINT=127.0.0.1:1", "CACHE_SECRET_ID=none")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		assert.Equal(t, len(healthySteps)+1, bytes.Count(out, []byte("\n")), "it breaks nothing there: %s", out)
	}
	assert.NotEmpty(t, server.Keys())
}

func TestRotationOfValkeysPasswordUnderLoadFailsNoRequest(t *testing.T) {
	s := startService(t)
	cache, err := startCache(onValkey, s.Stack)
	require.NoError(t, err)
	t.Cleanup(cache.close)
	require.NoError(t, setEnvironment(s.Stack, cache.environ...))
	resetClients()
	require.NoError(t, app.Warm(t.Context()))
	users := []string{"ada", "grace", "alan", "barbara"}
	s.createUsers(t, users...)
	s.eventually(t, get("/users/ada"), fromHit)

	l := startLoad(t, s, users...)
	l.await(t, 100)
	require.NoError(t, cache.rotate())
	l.await(t, 300)
	l.stop()
	s.eventually(t, get("/users/ada"), fromHit)
	assert.Zero(t, l.failed.Load(), "of %d", l.sent.Load())

	require.NoError(t, cache.down())
	l = startLoad(t, s, users...)
	l.await(t, 100)
	got := s.send(t, get("/users/ada"))
	assert.Equal(t, http.StatusOK, got.status)
	require.NoError(t, cache.up())
	l.await(t, 100)
	l.stop()
	s.eventually(t, get("/users/ada"), fromHit)
	assert.Zero(t, l.failed.Load(), "of %d", l.sent.Load())
}
