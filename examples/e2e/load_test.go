package e2e_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/warmclient/warmclient/examples/internal/emulator"
)

const concurrency = 16

func TestAProcessServesAsManyInvocationsAtOnceAsLambdaSends(t *testing.T) {
	t.Parallel()
	s := startServices(t)
	users := names("user", 4*concurrency)
	s.put(t, users...)
	f := s.start(t, "getuser", concurrent(concurrency))
	f.ready(t)

	// All are in DynamoDB at once, or none would come out.
	before := s.DynamoDB.Requests("GetItem")
	s.DynamoDB.Inject(emulator.Fault{Action: emulator.Hang})
	var wg sync.WaitGroup
	for _, name := range users[:concurrency] {
		wg.Go(func() {
			res, err := f.invoke(t.Context(), httpAPI.invocation(t, getUser(name)))
			assert.NoError(t, err)
			assert.JSONEq(t, userBody(name), res.Body)
		})
	}
	eventually(t, func() bool { return s.DynamoDB.Requests("GetItem") == before+concurrency })
	s.DynamoDB.Heal()
	wg.Wait()

	// Hundreds more than can be sent wait for their turn.
	const invocations = 400
	for i := range invocations {
		wg.Go(func() {
			name := users[i%len(users)]
			res, err := f.invoke(t.Context(), httpAPI.invocation(t, getUser(name)))
			assert.NoError(t, err)
			assert.JSONEq(t, userBody(name), res.Body)
		})
	}
	wg.Wait()
	f.end(t)
	assert.Len(t, f.lines(t, "request"), concurrency+invocations)
	assert.Equal(t, 1, f.count(t, "dynamodb", "Opened"))
	assert.Equal(t, 1, f.count(t, "accounts", "Opened"))
	// A client is opened again only after the machine has stalled for three of its calls.
	assert.LessOrEqual(t, f.count(t, "momento", "Opened"), 1+f.count(t, "momento", "Invalidated"))
}

func TestATokenIsRotatedUnderLoadWithoutAFailedRequest(t *testing.T) {
	t.Parallel()
	s := startServices(t)
	users := names("user", concurrency)
	s.put(t, users...)
	f := s.start(t, "getuser", concurrent(concurrency))
	s.eventuallyCached(t, f, getUser(users[0]))

	var sent, failed atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for _, name := range users {
		in := httpAPI.invocation(t, getUser(name))
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				res, err := f.invoke(t.Context(), in)
				if err != nil || res.Status != http.StatusOK {
					failed.Add(1)
				}
				sent.Add(1)
			}
		})
	}
	more := func(n int64) {
		enough := sent.Load() + n
		eventually(t, func() bool { return sent.Load() >= enough })
	}
	const rotations = 2
	more(100)
	for range rotations {
		before := s.SecretsManager.Requests("GetSecretValue")
		s.rotate()
		eventually(t, func() bool { return s.SecretsManager.Requests("GetSecretValue") > before })
		more(200)
	}
	close(stop)
	wg.Wait()
	assert.Zero(t, failed.Load(), "of %d", sent.Load())
	s.eventuallyCached(t, f, getUser(users[0]))
	f.end(t)
	assert.GreaterOrEqual(t, f.count(t, "momento", "Opened"), 1+rotations)
	// One read of the secret for each client that was replaced, however many requests met the old
	// token.
	assert.LessOrEqual(t, s.SecretsManager.Requests("GetSecretValue"), 1+f.count(t, "momento", "Invalidated"))
}
