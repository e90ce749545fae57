package cachetest_test

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/readaside"
	"github.com/warmclient/warmclient/readaside/cachetest"
)

func TestMemoryKeepsTheProtocol(t *testing.T) {
	cachetest.RunProtocol(t, func(*testing.T) readaside.Cache { return cachetest.NewMemory() })
}

// deceivers are caches that break the guarantees of the protocol.
var deceivers = map[string]*broken{
	"SetIfEqual stores always": {
		setIfEqual: func(m *cachetest.Memory, ctx context.Context, key string, _, value []byte, ttl time.Duration) (bool, error) {
			return true, m.Set(ctx, key, value, ttl)
		},
	},
	"SetIfAbsent stores always, SetIfEqual too": {
		setIfAbsent: func(m *cachetest.Memory, ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
			return true, m.Set(ctx, key, value, ttl)
		},
		setIfEqual: func(m *cachetest.Memory, ctx context.Context, key string, _, value []byte, ttl time.Duration) (bool, error) {
			return true, m.Set(ctx, key, value, ttl)
		},
	},
}

func TestDeceivers(t *testing.T) {
	b, ok := deceivers[os.Getenv(childVariable)]
	if !ok {
		t.Skip("part of TestRunProtocolFindsACacheThatDeceives")
	}
	b.Memory = cachetest.NewMemory()
	cachetest.RunProtocol(t, func(*testing.T) readaside.Cache { return b })
}

func TestRunProtocolFindsACacheThatDeceives(t *testing.T) {
	binary, err := os.Executable()
	require.NoError(t, err)
	for name := range deceivers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Runs are random, and a single run may miss the fault.
			child := exec.CommandContext(t.Context(), binary, "-test.run=^TestDeceivers$", "-test.count=20", "-test.failfast")
			child.Env = append(os.Environ(), childVariable+"="+name)
			out, err := child.CombinedOutput()
			require.Error(t, err, "%s", out)
			assert.Contains(t, string(out), "had finished before")
		})
	}
}
