//go:build unix

package e2e_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/internal/emulator"
)

func startValkey(t *testing.T, s *services) *emulator.Valkey {
	t.Helper()
	v, err := s.StartValkey()
	require.NoError(t, err)
	t.Cleanup(v.Close)
	return v
}

func TestAThawedFunctionUsesValkeyAgain(t *testing.T) {
	t.Parallel()

	t.Run("though its connection has died without a word", func(t *testing.T) {
		t.Parallel()
		s := startServices(t)
		s.put(t, "ada")
		v := startValkey(t, s)
		tun := startTunnel(t, v.Addr())
		f := s.start(t, "getuser", environment(v.Environ()...), environment("CACHE_ENDPOINT="+tun.Addr()))
		s.eventuallyCached(t, f, getUser("ada"))
		f.freeze(t, tun.Forget)
		s.eventuallyCached(t, f, getUser("ada"))
		f.end(t)
		assert.GreaterOrEqual(t, f.count(t, "valkey", "Opened"), 2, "the dead client was replaced")
	})

	t.Run("though the password was rotated and the server restarted", func(t *testing.T) {
		t.Parallel()
		s := startServices(t)
		s.put(t, "ada")
		v := startValkey(t, s)
		f := s.start(t, "getuser", environment(v.Environ()...))
		s.eventuallyCached(t, f, getUser("ada"))
		f.freeze(t, func() {
			v.RotatePassword()
			assert.NoError(t, v.Disconnect())
		})
		s.eventuallyCached(t, f, getUser("ada"))
		f.end(t)
		assert.GreaterOrEqual(t, f.count(t, "valkey", "Opened"), 2, "with the new password")
		assert.Zero(t, s.Momento.Requests(""))
	})
}
