package emulator_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/internal/emulator"
)

func TestDelayPassesBeforeTheAnswer(t *testing.T) {
	eachService(t, func(t *testing.T, s service) {
		const delay = 100 * time.Millisecond
		s.inject(emulator.Fault{Delay: delay})
		start := time.Now()
		require.NoError(t, s.call(t.Context()))
		assert.GreaterOrEqual(t, time.Since(start), delay)

		s.inject(emulator.Fault{Delay: delay, Action: emulator.Fail})
		start = time.Now()
		require.Error(t, s.call(t.Context()))
		assert.GreaterOrEqual(t, time.Since(start), delay)
	})
}

func TestHungRequestEndsWhenItsClientIsCanceled(t *testing.T) {
	eachService(t, func(t *testing.T, s service) {
		s.inject(emulator.Fault{Action: emulator.Hang})
		ctx, cancel := context.WithCancel(t.Context())
		answer := make(chan error, 1)
		go func() { answer <- s.call(ctx) }()
		require.Eventually(t, func() bool { return held() == 1 }, 5*time.Second, time.Millisecond)
		cancel()
		s.isCanceled(t, <-answer)
		require.Eventually(t, func() bool { return held() == 0 }, 5*time.Second, time.Millisecond)
	})
}

func TestCloseWaitsForHungRequests(t *testing.T) {
	eachService(t, func(t *testing.T, s service) {
		const callers = 50
		s.inject(emulator.Fault{Action: emulator.Hang})
		answers := make(chan error, callers)
		for range callers {
			go func() { answers <- s.call(t.Context()) }()
		}
		require.Eventually(t, func() bool { return held() == callers }, 10*time.Second, time.Millisecond)
		require.NoError(t, s.close())
		assert.Zero(t, held())
		for range callers {
			require.Error(t, <-answers)
		}
	})
}

func TestWaitingRequestIsServedWhenTheFaultIsHealed(t *testing.T) {
	for name, fault := range map[string]emulator.Fault{
		"hang":  {Action: emulator.Hang},
		"delay": {Delay: time.Hour, Action: emulator.Fail},
		"late":  {Action: emulator.Hang, Late: true},
	} {
		t.Run(name, func(t *testing.T) {
			eachService(t, func(t *testing.T, s service) {
				s.inject(fault)
				answer := make(chan error, 1)
				go func() { answer <- s.call(t.Context()) }()
				require.Eventually(t, func() bool { return s.requests(s.op) == 1 }, 5*time.Second, time.Millisecond)
				select {
				case err := <-answer:
					t.Fatalf("answered while the fault was in force: %v", err)
				case <-time.After(20 * time.Millisecond):
				}
				s.heal()
				require.NoError(t, <-answer)
			})
		})
	}
}

func TestResetBreaksTheConnectionUnderTheRequest(t *testing.T) {
	eachService(t, func(t *testing.T, s service) {
		require.NoError(t, s.call(t.Context()))
		s.inject(emulator.Fault{Action: emulator.Reset})
		s.isReset(t, s.call(t.Context()))
		s.heal()
		s.healthy(t)
	})
}

func TestRefusedServerComesBackOnTheSamePort(t *testing.T) {
	eachService(t, func(t *testing.T, s service) {
		require.NoError(t, s.call(t.Context()))
		before := port(t, s.addr())
		received := s.requests("")

		s.inject(emulator.Fault{Action: emulator.Refuse})
		for range 3 {
			s.isRefused(t, s.call(t.Context()))
		}
		assert.Equal(t, received, s.requests(""), "no request was received during the outage")

		s.heal()
		s.healthy(t)
		assert.Equal(t, before, port(t, s.addr()))
	})
}

func TestGarbageDoesNotDecode(t *testing.T) {
	eachService(t, func(t *testing.T, s service) {
		s.inject(emulator.Fault{Action: emulator.Garbage})
		s.isGarbage(t, s.call(t.Context()))
	})
}

func TestFaultAppliesToItsOperationAndItsNumberOfRequests(t *testing.T) {
	eachService(t, func(t *testing.T, s service) {
		s.inject(
			emulator.Fault{Op: "AnotherOperation", Action: emulator.Fail},
			emulator.Fault{Op: s.op, Action: emulator.Fail, Times: 2},
			emulator.Fault{Action: emulator.Garbage, Times: 1},
		)
		require.Error(t, s.call(t.Context()))
		require.Error(t, s.call(t.Context()))
		s.isGarbage(t, s.call(t.Context()))
		require.NoError(t, s.call(t.Context()))
		assert.Equal(t, 4, s.requests(s.op))
	})
}

func TestDynamoDBFaultsAreTheSDKsErrors(t *testing.T) {
	server, client := startDynamoDB(t)
	get := func() error { _, err := client.GetItem(t.Context(), getUser("ada")); return err }

	server.Inject(emulator.Fault{Action: emulator.Fail, Status: 400, Code: "ProvisionedThroughputExceededException", Message: "slow down"})
	var throttled *types.ProvisionedThroughputExceededException
	require.ErrorAs(t, get(), &throttled)
	assert.Equal(t, "slow down", throttled.ErrorMessage())

	server.Inject(emulator.Fault{Action: emulator.Fail})
	err := get()
	var internal *types.InternalServerError
	require.ErrorAs(t, err, &internal)
	assert.Equal(t, 500, httpStatus(t, err))
}

func TestLateFaultCarriesTheRequestOut(t *testing.T) {
	for name, fault := range map[string]emulator.Fault{
		"hang":  {Action: emulator.Hang, Late: true},
		"reset": {Action: emulator.Reset, Late: true},
		"fail":  {Action: emulator.Fail, Late: true},
	} {
		t.Run(name, func(t *testing.T) {
			server, client := startDynamoDB(t)
			server.Inject(fault)
			_, err := client.PutItem(within(t, 500*time.Millisecond), putUser("ada", "r1"))
			require.Error(t, err)
			n, err := server.Items(table)
			require.NoError(t, err)
			assert.Equal(t, 1, n)

			fault.Late = false
			server.Inject(fault)
			_, err = client.PutItem(within(t, 500*time.Millisecond), putUser("grace", "r2"))
			require.Error(t, err)
			n, err = server.Items(table)
			require.NoError(t, err)
			assert.Equal(t, 1, n, "without Late nothing is carried out")
		})
	}
}

func TestFaultsMaySwitchWhileRequestsRun(t *testing.T) {
	eachService(t, func(t *testing.T, s service) {
		ctx := within(t, 300*time.Millisecond)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for ctx.Err() == nil {
				for _, action := range []emulator.Action{emulator.Hang, emulator.Reset, emulator.Refuse, emulator.Garbage, emulator.Fail} {
					s.inject(emulator.Fault{Action: action})
					time.Sleep(time.Millisecond)
					s.heal()
				}
			}
		}()
		for ctx.Err() == nil {
			_ = s.call(ctx)
		}
		<-done
		s.healthy(t)
	})
}

func httpStatus(t *testing.T, err error) int {
	t.Helper()
	var response *smithyhttp.ResponseError
	require.ErrorAs(t, err, &response)
	return response.HTTPStatusCode()
}
