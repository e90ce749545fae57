package proof_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/warmclient/warmclient/examples/internal/localstack"
)

func TestAFunctionStartsWithoutItsCacheAndUsesItOnceThatIsBack(t *testing.T) {
	t.Parallel()
	secretsManager := func(s *services, f localstack.Fault) { s.SecretsManager.Inject(f) }
	momento := func(s *services, f localstack.Fault) { s.Momento.Inject(f) }
	for _, outage := range []struct {
		name   string
		inject func(*services, localstack.Fault)
		fault  localstack.Fault
	}{
		{"Secrets Manager refuses", secretsManager, localstack.Fault{Action: localstack.Refuse}},
		{"Secrets Manager hangs", secretsManager, localstack.Fault{Action: localstack.Hang}},
		{"Secrets Manager throttles", secretsManager, localstack.Fault{Action: localstack.Fail, Status: 400, Code: "ThrottlingException"}},
		{"Momento refuses", momento, localstack.Fault{Action: localstack.Refuse}},
		{"Momento hangs", momento, localstack.Fault{Action: localstack.Hang}},
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
			s.SecretsManager.Heal()
			s.Momento.Heal()
			s.eventuallyCached(t, f, getUser("ada"))
			f.end(t)
			assert.Len(t, f.lines(t, "warm-up"), 1, "what failed is logged")
		})
	}
}

func TestAFunctionStartsWithoutDynamoDBAndAnswersOnceThatIsBack(t *testing.T) {
	t.Parallel()
	s := startServices(t)
	s.put(t, "ada")
	s.DynamoDB.Inject(localstack.Fault{Action: localstack.Refuse})
	f := s.start(t, "getuser")
	f.ready(t)
	assert.Equal(t, http.StatusInternalServerError, f.send(t, getUser("ada")).Status)
	s.DynamoDB.Heal()
	f.must(t, getUser("ada"))
	f.end(t)
	assert.Len(t, f.lines(t, "warm-up"), 1, "what failed is logged")
}

// Each leg of the warm-up is seen at work while the other one cannot get on, so together they take as
// long as the longer one.
func TestTheLegsOfTheWarmUpDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	t.Run("the secret and Momento for DynamoDB", func(t *testing.T) {
		t.Parallel()
		s := startServices(t)
		s.DynamoDB.Inject(localstack.Fault{Action: localstack.Hang})
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
		s.SecretsManager.Inject(localstack.Fault{Action: localstack.Hang})
		f := s.start(t, "getuser")
		eventually(t, func() bool { return s.DynamoDB.Requests("GetItem") > 0 && s.SecretsManager.Requests("") > 0 })
		assert.Zero(t, s.Momento.Requests(""))
		s.SecretsManager.Heal()
		f.ready(t)
		f.end(t)
		assert.Empty(t, f.lines(t, "warm-up"), "nothing failed")
	})
}
