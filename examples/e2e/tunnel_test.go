package e2e_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/internal/testnet"
)

// startTunnel starts a tunnel to a server. Unlike the server, a tunnel can make connections die
// silently, as a gateway does that has dropped them.
func startTunnel(t *testing.T, target string) *testnet.Tunnel {
	t.Helper()
	tun, err := testnet.StartTunnel(target)
	require.NoError(t, err)
	t.Cleanup(tun.Close)
	return tun
}
