package valkeycache_test

import (
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/readaside/valkeycache"
)

const password = "correct-horse-battery-staple"

// startServer runs a real server on a free port, which ends with the test.
func startServer(t testing.TB, settings ...string) (addr string) {
	t.Helper()
	program := ""
	for _, name := range []string{"valkey-server", "redis-server"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		t.Skip("there is no valkey-server and no redis-server on this machine")
	}
	addr = refusing(t)
	_, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	args := append([]string{"--bind", "127.0.0.1", "--port", port, "--save", "", "--dir", t.TempDir()}, settings...)
	server := exec.Command(program, args...)
	require.NoError(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, 20*time.Second, 10*time.Millisecond, "the server does not listen")
	return addr
}

func TestCacheConformsOnARealServer(t *testing.T) {
	conforms(t, valkeycache.Opener{Address: startServer(t)})
}

func TestARealServerInItsModes(t *testing.T) {
	for name, tt := range map[string]struct {
		settings []string
		password string
		opens    string // the text of the error of Open, if any
		set, get string // of the calls
		stale    bool   // the error of Set
	}{
		"with its password":      {settings: []string{"--requirepass", password}, password: password},
		"with another password":  {settings: []string{"--requirepass", password}, password: "wrong-" + password, opens: "WRONGPASS"},
		"without its password":   {settings: []string{"--requirepass", password}, opens: "NOAUTH"},
		"with one it has not":    {password: password, opens: "called without any password configured"},
		"full":                   {settings: []string{"--maxmemory", "1", "--maxmemory-policy", "noeviction"}, set: "OOM"},
		"a replica":              {settings: []string{"--replicaof", "127.0.0.1 1"}, set: "READONLY", stale: true},
		"in cluster mode":        {settings: []string{"--cluster-enabled", "yes"}, set: "CLUSTERDOWN", get: "CLUSTERDOWN"},
		"evicting what expires":  {settings: []string{"--maxmemory", "100mb", "--maxmemory-policy", "volatile-ttl"}},
		"as a Redis of Lua only": {settings: []string{"--rename-command", "EVALSHA", "", "--rename-command", "CLIENT", "", "--rename-command", "CLUSTER", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			o := valkeycache.Opener{Address: startServer(t, tt.settings...)}
			if tt.password != "" {
				o.Source = text(tt.password)
			}
			client, err := o.Open(t.Context())
			if tt.opens != "" {
				require.ErrorContains(t, err, tt.opens)
				requireNothingOf(t, err.Error(), tt.password)
				return
			}
			require.NoError(t, err)
			client.Close()
			c, _ := cacheOf(t, o)
			client, err = c.Client.Get(t.Context())
			require.NoError(t, err)
			call := func(want string, err error) {
				t.Helper()
				if want == "" {
					require.NoError(t, err)
					return
				}
				require.ErrorContains(t, err, want)
				assert.Equal(t, tt.stale && want == tt.set, valkeycache.IsStale(err), "%v", err)
			}
			_, err = c.Get(t.Context(), "k")
			call(tt.get, err)
			call(tt.set, client.Do(t.Context(), client.B().Set().Key("k").Value("v").Build()).Error())
			_, err = c.SetIfAbsent(t.Context(), "l", nil, time.Minute)
			call(tt.set, err)
			stored, err := c.SetIfEqual(t.Context(), "k", []byte("v"), []byte("w"), time.Minute)
			if tt.set == "" {
				require.NoError(t, err)
				assert.True(t, stored)
			}
		})
	}
}
