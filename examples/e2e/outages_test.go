package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/warmclient/warmclient/examples/internal/emulator"
)

func TestAFunctionStartsWithoutItsCacheAndUsesItOnceThatIsBack(t *testing.T) {
	t.Parallel()
	secretsManager := func(s *services, f emulator.Fault) { s.SecretsManager.Inject(f) }
	momento := func(s *services, f emulator.Fault) { s.Momento.Inject(f) }
	for _, outage := range []struct {
		name   string
		inject func(*services, emulator.Fault)
		fault  emulator.Fault
	}{
		{"Secrets Manager refuses", secretsManager, emulator.Fault{Action: emulator.Refuse}},
		{"Secrets Manager hangs", secretsManager, emulator.Fault{Action: emulator.Hang}},
		{"Secrets Manager throttles", secretsManager, emulator.Fault{Action: emulator.Fail, Status: 400, Code: "ThrottlingException"}},
		{"Momento refuses", momento, emulator.Fault{Action: emulator.Refuse}},
		{"Momento hangs", momento, emulator.Fault{Action: emulator.Hang}},
	} {
		t.Run(outage.name, func(t *testing.T) {
			t.Parallel()
			s := startServices(t)
			s.put(t, "ada")
			outage.inject(s, outage.fault)
			f := s.start(t, "getuser")
			f.ready(t)
			for range 3 {
				f.must(t, getUser("ada"))
			}
			if outage.fault.Action != emulator.Hang {
				f.until(t, getUser("ada"), func() bool { return strings.Contains(f.Log(), `"event":"OpenFailed"`) })
			}
			s.SecretsManager.Heal()
			s.Momento.Heal()
			s.eventuallyCached(t, f, getUser("ada"))
			f.end(t)
			// A cache that is still opening when the function starts is no failure of the start.
			if outage.fault.Action == emulator.Hang {
				assert.Empty(t, f.lines(t, "warm-up"))
			}
		})
	}
}

func TestAFunctionStartsWithoutDynamoDBAndAnswersOnceThatIsBack(t *testing.T) {
	t.Parallel()
	s := startServices(t)
	s.put(t, "ada")
	s.DynamoDB.Inject(emulator.Fault{Action: emulator.Refuse})
	f := s.start(t, "getuser")
	f.ready(t)
	// On a busy machine the load is abandoned before it has told that there was no connection.
	assert.Contains(t, []int{http.StatusServiceUnavailable, http.StatusGatewayTimeout}, f.send(t, getUser("ada")).Status)
	s.DynamoDB.Heal()
	f.must(t, getUser("ada"))
	f.end(t)
	assert.Len(t, f.lines(t, "warm-up"), 1, "what failed is logged")
}

// Each leg of the warm-up is seen at work while the other one cannot get on, so together they take
// as long as the longer one.
func TestTheLegsOfTheWarmUpDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	t.Run("the secret and Momento for DynamoDB", func(t *testing.T) {
		t.Parallel()
		s := startServices(t)
		s.DynamoDB.Inject(emulator.Fault{Action: emulator.Hang})
		f := s.start(t, "getuser")
		eventually(t, func() bool { return s.Momento.Requests("Get") > 0 && s.DynamoDB.Requests("GetItem") > 0 })
		s.DynamoDB.Heal()
		f.ready(t)
		f.end(t)
		assert.Empty(t, f.lines(t, "warm-up"), "nothing failed")
	})
	t.Run("DynamoDB for the secret", func(t *testing.T) {
		t.Parallel()
		s := startServices(t)
		s.SecretsManager.Inject(emulator.Fault{Action: emulator.Hang})
		f := s.start(t, "getuser")
		eventually(t, func() bool { return s.DynamoDB.Requests("GetItem") > 0 && s.SecretsManager.Requests("") > 0 })
		assert.Zero(t, s.Momento.Requests(""))
		s.SecretsManager.Heal()
		f.ready(t)
		f.end(t)
		assert.Empty(t, f.lines(t, "warm-up"), "nothing failed")
	})
}
