//go:build unix

package e2e_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/internal/emulator"
)

// frozen is how long Lambda freezes the processes here: longer than any timeout that runs in them
// apart from the whole warm-up's. The longest is that of an open, five seconds.
const frozen = 5500 * time.Millisecond

// freeze stops f for longer than its timeouts, does what happens meanwhile, and lets it go on.
func (f *function) freeze(t *testing.T, meanwhile func()) {
	t.Helper()
	require.NoError(t, f.Freeze())
	time.Sleep(frozen)
	meanwhile()
	require.NoError(t, f.Thaw())
}

func TestAThawedFunctionAnswers(t *testing.T) {
	t.Parallel()

	t.Run("though its connections were closed meanwhile", func(t *testing.T) {
		t.Parallel()
		s := startServices(t)
		s.put(t, "ada")
		f := s.start(t, "getuser")
		s.eventuallyCached(t, f, getUser("ada"))
		f.freeze(t, func() {
			s.SecretsManager.Inject(emulator.Fault{Action: emulator.Refuse}) // which closes all connections
			s.DynamoDB.Inject(emulator.Fault{Action: emulator.Refuse})
			s.Momento.Inject(emulator.Fault{Action: emulator.Refuse})
			s.SecretsManager.Heal()
			s.DynamoDB.Heal()
			s.Momento.Heal()
		})
		s.eventuallyCached(t, f, getUser("ada"))
	})

	t.Run("though its connections to the cache have died without a word", func(t *testing.T) {
		t.Parallel()
		s := startServices(t)
		s.put(t, "ada")
		momento := startTunnel(t, s.Momento.Addr())
		f := s.start(t, "getuser", environment("MOMENTO_ENDPOINT="+momento.Addr()))
		s.eventuallyCached(t, f, getUser("ada"))
		f.freeze(t, momento.Forget)
		s.eventuallyCached(t, f, getUser("ada"))
		f.end(t)
		assert.GreaterOrEqual(t, f.count(t, "momento", "Opened"), 2, "the dead client was replaced")
	})

	// An attempt pays for it, and not the request.
	t.Run("though its connections to the table have died without a word", func(t *testing.T) {
		t.Parallel()
		s := startServices(t)
		s.put(t, "ada")
		table := startTunnel(t, s.DynamoDB.Addr())
		f := s.start(t, "getuser", environment("AWS_ENDPOINT_URL_DYNAMODB=http://"+table.Addr(), "CACHE_NAME="))
		f.must(t, getUser("ada"))
		f.freeze(t, table.Forget)
		f.must(t, getUser("ada"))
	})

	t.Run("though the token was rotated meanwhile", func(t *testing.T) {
		t.Parallel()
		s := startServices(t)
		s.put(t, "ada")
		f := s.start(t, "getuser")
		s.eventuallyCached(t, f, getUser("ada"))
		f.freeze(t, s.rotate)
		s.eventuallyCached(t, f, getUser("ada"))
	})
}

func TestAFunctionFrozenInTheMiddleOfAnOpenAnswersAndGetsItsClient(t *testing.T) {
	t.Parallel()
	hang := emulator.Fault{Action: emulator.Hang}

	t.Run("of the secret, when it starts", func(t *testing.T) {
		t.Parallel()
		s := startServices(t)
		s.put(t, "ada")
		s.SecretsManager.Inject(hang)
		f := s.start(t, "getuser")
		eventually(t, func() bool { return s.SecretsManager.Requests("") > 0 })
		f.freeze(t, s.SecretsManager.Heal)
		f.ready(t)
		s.eventuallyCached(t, f, getUser("ada"))
	})

	t.Run("of the cache, when it starts", func(t *testing.T) {
		t.Parallel()
		s := startServices(t)
		s.put(t, "ada")
		s.Momento.Inject(hang)
		f := s.start(t, "getuser")
		eventually(t, func() bool { return s.Momento.Requests("") > 0 })
		f.freeze(t, s.Momento.Heal)
		f.ready(t)
		s.eventuallyCached(t, f, getUser("ada"))
	})

	t.Run("of the cache, behind an answer", func(t *testing.T) {
		t.Parallel()
		s := startServices(t)
		s.put(t, "ada")
		f := s.start(t, "getuser")
		s.eventuallyCached(t, f, getUser("ada"))
		s.SecretsManager.Inject(hang)
		s.rotate()
		before := s.SecretsManager.Requests("")
		f.until(t, getUser("ada"), func() bool { return s.SecretsManager.Requests("") > before })
		f.freeze(t, s.SecretsManager.Heal)
		s.eventuallyCached(t, f, getUser("ada"))
	})
}

func TestSIGTERMReachesAFrozenProcess(t *testing.T) {
	t.Parallel()
	s := startServices(t)
	s.put(t, "ada")
	f := s.start(t, "getuser")
	f.ready(t)
	eventually(t, func() bool { return f.count(t, "momento", "Opened") > 0 })
	require.NoError(t, f.Freeze())
	shutDown(t, f)
}
