//go:build unix

package awsconfig_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	sdkhttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/awsconfig"
)

// The environment variables that make the test binary run [callTable].
const (
	frozenAddr = "AWSCONFIG_TEST_FROZEN_ADDR"
	frozenIdle = "AWSCONFIG_TEST_FROZEN_IDLE"
)

func TestMain(m *testing.M) {
	if addr := os.Getenv(frozenAddr); addr != "" {
		if err := callTable(addr, os.Getenv(frozenIdle)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// callTable reads lines from the standard input. For each line, it makes as many concurrent calls
// as the line has bytes, and prints a line when all have succeeded.
func callTable(addr, idle string) error {
	cfg := configOf(addr)
	if idle != "" {
		limit, err := time.ParseDuration(idle)
		if err != nil {
			return err
		}
		cfg.HTTPClient = sdkhttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) { tr.IdleConnTimeout = limit })
	}
	client := newDynamoDB(awsconfig.Tune(cfg, awsconfig.Options{AttemptTimeout: 300 * time.Millisecond}))
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		errs := make([]error, len(lines.Text()))
		var calls sync.WaitGroup
		for i := range errs {
			calls.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
				defer cancel()
				_, errs[i] = client.GetItem(ctx, getItem())
			})
		}
		calls.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
		fmt.Println("done")
	}
	return lines.Err()
}

// process is a process that runs [callTable].
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

func startProcess(t *testing.T, addr, idle string) *process {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0])
	cmd.Env = append(os.Environ(), frozenAddr+"="+addr, frozenIdle+"="+idle)
	cmd.Stderr = t.Output()
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGCONT)
		assert.NoError(t, in.Close())
		assert.NoError(t, cmd.Wait())
	})
	return &process{cmd: cmd, in: in, out: bufio.NewScanner(out)}
}

func (p *process) call(t *testing.T, together int) {
	t.Helper()
	_, err := io.WriteString(p.in, strings.Repeat("x", together)+"\n")
	require.NoError(t, err)
	require.True(t, p.out.Scan(), "a call failed")
}

func (p *process) freeze(t *testing.T, d time.Duration, meanwhile func()) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGSTOP))
	time.Sleep(d)
	meanwhile()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGCONT))
}

// lostAfterFreeze returns how many attempts of a process are lost on its eight connections, which
// die while it is frozen. It fails if a call fails.
func lostAfterFreeze(t *testing.T, idle string, frozen time.Duration) int {
	t.Helper()
	s := startTable(t)
	tun := startTunnel(t, s)
	p := startProcess(t, tun.Addr(), idle)
	s.hold(8)
	p.call(t, 8)
	p.freeze(t, frozen, tun.Forget)
	for range 10 {
		p.call(t, 1)
	}
	return tun.Lost()
}

func TestAThawedProcessCallsThoughItsConnectionsDied(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 1, lostAfterFreeze(t, "", 500*time.Millisecond), "attempts on dead connections")
}

// The limit is shorter than the default of 45s, to shorten the test.
func TestAThawedProcessUsesNoConnectionThatWasIdleForTooLong(t *testing.T) {
	t.Parallel()
	assert.Zero(t, lostAfterFreeze(t, "1s", 1500*time.Millisecond), "attempts on dead connections")
}
