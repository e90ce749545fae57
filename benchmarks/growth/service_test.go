package growth_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/benchmarks/growth"
)

const fake = "serve as if the test were the service"

// The test binary is also the service.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == fake {
		serve()
		return
	}
	os.Exit(m.Run())
}

func serve() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /users", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /users/ann", func(http.ResponseWriter, *http.Request) {
		time.Sleep(5 * time.Millisecond)
		fmt.Fprint(os.Stderr, "{\"steps\":[\"get user: hit\"]}\n{\"steps\":[\"get user: miss\"]}\n")
	})
	go func() { _ = http.Serve(l, mux) }()
	fmt.Printf("listening on http://%s\n", l.Addr())
	<-ctx.Done()
}

func TestClientsOfAServiceAreCounted(t *testing.T) {
	executable, err := os.Executable()
	require.NoError(t, err)
	service, err := growth.StartService(t.Context(), executable, fake)
	require.NoError(t, err)
	require.NoError(t, service.CreateUser(t.Context()))

	loads, err := growth.Loads(t.Context(), service, []int{1, 4}, 2, 100*time.Millisecond)
	require.NoError(t, err)
	require.Len(t, loads, 4)
	for i, want := range []int{1, 1, 4, 4} {
		l := loads[i]
		assert.Equal(t, want, l.Clients)
		assert.Positive(t, l.Requests)
		assert.LessOrEqual(t, l.Requests, want*20+want, "each takes five milliseconds")
		assert.Equal(t, l.Requests, l.Hits)
		assert.GreaterOrEqual(t, l.P50, 5*time.Millisecond)
		assert.GreaterOrEqual(t, l.P99, l.P50)
		if runtime.GOOS == "linux" {
			assert.Greater(t, l.Resident, int64(1<<20))
		}
	}
	assert.Len(t, growth.Table(loads).Rows, 2)
	require.NoError(t, service.Stop())
}

func TestAServiceThatEndsEarlyIsAnError(t *testing.T) {
	_, err := growth.StartService(t.Context(), "/bin/true")
	assert.ErrorContains(t, err, "ended before it listened")
}
