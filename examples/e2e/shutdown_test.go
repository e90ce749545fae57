package e2e_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/internal/emulator"
)

// grace is a generous limit for the 250ms within which a function closes its clients. It must be
// shorter than the second or more that a hanging close takes.
const grace = 900 * time.Millisecond

func TestSIGTERMClosesTheClientsAndEndsTheProcess(t *testing.T) {
	t.Parallel()
	for _, state := range []struct {
		name     string
		function string
		prepare  func(t *testing.T, s *services, f *function)
	}{
		{"idle", "getuser", func(*testing.T, *services, *function) {}},
		{"while a request hangs", "createuser", func(t *testing.T, s *services, f *function) {
			before := s.DynamoDB.Requests("PutItem")
			s.DynamoDB.Inject(emulator.Fault{Action: emulator.Hang})
			f.abandon(t, createUser("grace"))
			eventually(t, func() bool { return s.DynamoDB.Requests("PutItem") > before })
		}},
		{"while the cache is opened", "getuser", func(t *testing.T, s *services, f *function) {
			before := s.SecretsManager.Requests("")
			s.SecretsManager.Inject(emulator.Fault{Action: emulator.Hang})
			s.rotate()
			f.until(t, getUser("ada"), func() bool { return s.SecretsManager.Requests("") > before })
		}},
		{"while Momento hangs", "getuser", func(_ *testing.T, s *services, _ *function) {
			s.Momento.Inject(emulator.Fault{Action: emulator.Hang})
		}},
	} {
		t.Run(state.name, func(t *testing.T) {
			t.Parallel()
			s := startServices(t)
			s.put(t, "ada")
			f := s.start(t, state.function)
			f.ready(t)
			eventually(t, func() bool { return f.count(t, "momento", "Opened") > 0 })
			state.prepare(t, s, f)
			shutDown(t, f)
		})
	}
}

// shutDown ends the process as Lambda does.
func shutDown(t *testing.T, f *function) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	start := time.Now()
	err := f.Shutdown(ctx)
	took := time.Since(start)
	require.NoError(t, err)
	t.Logf("closed in %v", took)
	assert.Less(t, took, grace)
	released := f.count(t, "momento", "Released") + f.count(t, "momento", "ReleaseFailed") // within the limit or not
	assert.Equal(t, f.count(t, "momento", "Opened"), released)
}

// abandon sends a request and does not wait for its answer.
func (f *function) abandon(t *testing.T, r request) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	in := httpAPI.invocation(t, r)
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = f.Invoke(ctx, in) })
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
}
