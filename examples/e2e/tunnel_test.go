package e2e_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/internal/testnet"
)

// startTunnel starts a tunnel to a server, for what the server cannot do to a connection: let it die
// without a word, as a gateway does that has forgotten it.
func startTunnel(t *testing.T, target string) *testnet.Tunnel {
	t.Helper()
	tun, err := testnet.StartTunnel(target)
	require.NoError(t, err)
	t.Cleanup(tun.Close)
	return tun
}
