package main

import (
	"encoding/json"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/internal/emulator"
)

// load sends reads of users from 16 goroutines, as many as Lambda may send to one process, until
// stop.
type load struct {
	sent, failed atomic.Int64
	done         chan struct{}
	wg           sync.WaitGroup
}

func startLoad(t *testing.T, s *service, users ...string) *load {
	t.Helper()
	l := &load{done: make(chan struct{})}
	for i := range 16 {
		l.wg.Go(func() {
			for n := i; ; n++ {
				select {
				case <-l.done:
					return
				default:
				}
				got, err := s.guide.send(t.Context(), get("/users/"+users[n%len(users)]))
				l.sent.Add(1)
				if err != nil || got.status != http.StatusOK {
					l.failed.Add(1)
				}
			}
		})
	}
	return l
}

// await returns when so many more requests have been answered.
func (l *load) await(t *testing.T, more int64) {
	t.Helper()
	enough := l.sent.Load() + more
	require.Eventually(t, func() bool { return l.sent.Load() >= enough }, 20*time.Second, time.Millisecond)
}

func (l *load) stop() {
	close(l.done)
	l.wg.Wait()
}

// secretOf is the text of the secret that holds this token.
func secretOf(token string) string {
	text, err := json.Marshal(map[string]string{os.Getenv("MOMENTO_SECRET_KEY"): token})
	if err != nil {
		panic(err)
	}
	return string(text)
}

func TestRotationUnderLoadFailsNoRequestAndReadsTheSecretOnce(t *testing.T) {
	s := startService(t)
	s.warm(t)
	users := []string{"ada", "grace", "alan", "barbara"}
	s.createUsers(t, users...)
	s.eventually(t, get("/users/ada"), fromHit)
	require.Equal(t, 1, s.secretReads())

	l := startLoad(t, s, users...)
	l.await(t, 100)
	s.RotateKey()
	l.await(t, 300)
	l.stop()
	s.eventually(t, get("/users/ada"), fromHit)

	assert.Zero(t, l.failed.Load(), "of %d", l.sent.Load())
	refused, late := s.invalidations(t)
	assert.Positive(t, refused+late)
	assert.LessOrEqual(t, refused, 1, "at most one client is replaced because of its token")
	assert.Equal(t, 1+refused+late, s.secretReads(), "the secret is read once for each client")
}

// invalidations counts the Momento clients that were replaced: those whose token was refused, and
// those that seemed dead, as they do when the machine stalls for longer than the cache's 50 ms.
func (s *service) invalidations(t *testing.T) (refused, late int) {
	t.Helper()
	for _, line := range s.log.lines(t, "client") {
		switch {
		case line["client"] != "momento" || line["event"] != "Invalidated":
		case line["error"] != nil:
			refused++
		default:
			late++
		}
	}
	return refused, late
}

func TestRotationNeverReadsThePendingVersion(t *testing.T) {
	s := startService(t)
	id := os.Getenv("MOMENTO_SECRET_ID")
	s.createUsers(t, "ada")
	s.warm(t)
	next := emulator.NewKey(time.Time{})
	s.SecretsManager.PutPending(id, secretOf(next))
	s.eventually(t, get("/users/ada"), fromHit)

	s.SecretsManager.Promote(id)
	s.Momento.Accept(next)
	s.eventually(t, get("/users/ada"), fromHit)
	// Momento would have refused the pending key before Promote, and the previous one after it.
	refused, late := s.invalidations(t)
	assert.LessOrEqual(t, refused, 1)
	assert.Equal(t, 1+refused+late, s.secretReads())
}

func TestBadNewTokenIsReportedWithItsSecretAndDoesNotFloodSecretsManager(t *testing.T) {
	for name, bad := range map[string]string{
		"malformed": "not-a-token",
		"expired":   emulator.NewKey(time.Now().Add(-time.Hour)),
		"refused":   emulator.NewKey(time.Time{}), // well-formed, but not the one that Momento accepts
	} {
		t.Run(name, func(t *testing.T) {
			s := startService(t)
			s.createUsers(t, "ada")
			s.warm(t)
			s.eventually(t, get("/users/ada"), fromHit)
			good := emulator.NewKey(time.Time{})
			id := os.Getenv("MOMENTO_SECRET_ID")
			s.SecretsManager.Put(id, secretOf(bad))
			s.Momento.Accept(good)

			before := s.secretReads()
			l := startLoad(t, s, "ada")
			require.Eventually(t, func() bool { return s.reportsOf(t, id) >= 2 }, 10*time.Second, 20*time.Millisecond,
				"the log goes on naming the secret")
			l.stop()
			assert.Zero(t, l.failed.Load(), "of %d", l.sent.Load())
			assert.Less(t, s.secretReads()-before, 12, "for %d requests", l.sent.Load())
			assert.NotContains(t, s.log.String(), bad)

			s.SecretsManager.Put(id, secretOf(good))
			s.eventually(t, get("/users/ada"), fromHit)
		})
	}
}

// reportsOf counts the warnings about Momento's client that name the secret.
func (s *service) reportsOf(t *testing.T, secret string) int {
	t.Helper()
	n := 0
	for _, line := range s.log.lines(t, "client") {
		if line["level"] == "WARN" && line["secret"] == secret && line["error"] != nil {
			n++
		}
	}
	return n
}
