package app_test

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/internal/emulator"
	"github.com/warmclient/warmclient/examples/internal/runtimeapi"
)

// startOnValkey starts this test binary as a function with a Valkey server as its cache. The start
// waits for the cache.
func startOnValkey(t *testing.T, env ...string) (*runtimeapi.Process, *emulator.Stack, *emulator.Valkey) {
	t.Helper()
	stack, err := emulator.Start(emulator.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stack.Close()) })
	server, err := stack.StartValkey()
	require.NoError(t, err)
	t.Cleanup(server.Close)
	all := append(server.Environ(), "AWS_LAMBDA_INITIALIZATION_TYPE=provisioned-concurrency")
	p := startFunction(t, stack, 0, append(all, env...)...)
	return p, stack, server
}

func TestAFunctionUsesValkeyWhereCacheEndpointIsSet(t *testing.T) {
	t.Parallel()
	p, stack, server := startOnValkey(t)
	readUntilHit(t, p, "/users/ada")
	assert.Zero(t, stack.Momento.Requests(""), "in place of Momento")

	server.RotatePassword()
	require.NoError(t, server.Disconnect())
	readUntilHit(t, p, "/users/grace")
	require.NoError(t, p.Shutdown(within(t, 5*time.Second)))
	assert.NotContains(t, p.Log(), `"level":"ERROR"`)
	assert.NotContains(t, p.Log(), `"client":"momento"`)
}

func TestAnInvalidValkeySettingIsOneErrorLineThatNamesIt(t *testing.T) {
	t.Parallel()
	for entry, variable := range map[string]string{
		"CACHE_ENDPOINT=rediss://cache.example.com": "CACHE_ENDPOINT",
		"CACHE_ENDPOINT=cache.example.com":          "CACHE_ENDPOINT",
		"CACHE_SECRET_ID=other":                     "CACHE_SECRET_ID",
		"CACHE_SECRET_ID=accounts/MomentoAuthToken": "CACHE_SECRET_ID", // has no member password
	} {
		t.Run(entry, func(t *testing.T) {
			t.Parallel()
			p, _, _ := startOnValkey(t, entry)
			assert.Equal(t, 404, invokeProcess(t, p, functionURL("GET", "/users/ada")).StatusCode, "DynamoDB answers")
			assertOneError(t, p, variable)
		})
	}
}

func TestAPasswordThatCannotBeReadIsReportedWithItsSetting(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	for name, text := range map[string]string{
		"with a newline at its end": "s3cret\n",
		"in broken JSON":            `{"password": "s3cret"`,
		"empty":                     `{"password": ""}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stack, err := emulator.Start(emulator.Options{})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, stack.Close()) })
			stack.SecretsManager.Put("valkey", text)
			p := startFunction(t, stack, 0, "CACHE_ENDPOINT="+l.Addr().String(), "CACHE_SECRET_ID=valkey",
				"AWS_LAMBDA_INITIALIZATION_TYPE=provisioned-concurrency")
			assertOneError(t, p, "CACHE_SECRET_ID")
			assert.NotContains(t, p.Log(), "s3cret")
		})
	}
}

func TestAMissingPasswordIsReportedWithItsSetting(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var serving sync.WaitGroup
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		serving.Wait()
	})
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 100)) // HELLO 2
			_, _ = conn.Write([]byte("-NOAUTH HELLO must be called with the client already authenticated\r\n"))
			_ = conn.Close()
		}
	})
	p, _, _ := startOnValkey(t, "CACHE_ENDPOINT="+l.Addr().String(), "CACHE_SECRET_ID=")
	assertOneError(t, p, "CACHE_SECRET_ID")
}

func TestAnOutageOfValkeyIsNoErrorOfASetting(t *testing.T) {
	t.Parallel()
	p, _, _ := startOnValkey(t, "CACHE_ENDPOINT=127.0.0.1:1")
	assert.Equal(t, 404, invokeProcess(t, p, functionURL("GET", "/users/ada")).StatusCode)
	assert.Contains(t, p.Log(), "connection refused")
	assert.NotContains(t, p.Log(), `"level":"ERROR"`)
}
