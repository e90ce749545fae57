package valkeycache_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/valkey-io/valkey-go"

	"github.com/warmclient/warmclient/internal/lateness"
	"github.com/warmclient/warmclient/readaside/valkeycache"
)

func TestAnAnswerIsStaleWhereANewClientMayDoBetter(t *testing.T) {
	for answer, want := range map[string]bool{
		"NOAUTH Authentication required.":                                                                     true,
		"WRONGPASS invalid username-password pair or user is disabled.":                                       true,
		"READONLY You can't write against a read only replica.":                                               true,
		"ERR Error running script (call to f_1): @user_script:2: -READONLY You can't write against a replica": true,
		"NOPERM this user has no permissions to run the 'get' command":                                        false,
		"OOM command not allowed when used memory > 'maxmemory'.":                                             false,
		"LOADING server is loading the dataset in memory":                                                     false,
		"MOVED 866 10.0.0.2:6379":                                                                             false,
		"Command not allowed":                                                                                 false,
	} {
		p := startProxy(t, newRedis(t).Addr(), nil)
		c, _ := cacheOf(t, valkeycache.Opener{Address: p.addr})
		p.inject(answering("-" + answer + "\r\n"))
		_, err := c.Get(t.Context(), "k")
		require.ErrorContains(t, err, "valkeycache: get from "+p.addr+": "+strings.TrimPrefix(answer, "ERR ")) // which the client drops
		assert.Equal(t, want, valkeycache.IsStale(err), "%v", err)
		_, ok := errors.AsType[*valkey.ValkeyError](err)
		assert.True(t, ok, "the client's own error is in the chain")
	}
}

func TestABrokenConnectionIsStaleAndAnEndedContextIsNot(t *testing.T) {
	for _, err := range []error{
		io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, valkey.ErrClosing, lateness.ErrDead,
		&net.OpError{Op: "read", Err: errors.New("connection reset by peer")},
	} {
		assert.True(t, valkeycache.IsStale(fmt.Errorf("call: %w", err)), "%v", err)
	}
	for _, err := range []error{nil, context.Canceled, context.DeadlineExceeded, valkey.Nil, errors.New("NOAUTH"), errors.New("EOF")} {
		assert.False(t, valkeycache.IsStale(err), "%v", err)
	}
}

func TestAServerInClusterModeIsNamed(t *testing.T) {
	p := startProxy(t, newRedis(t).Addr(), nil)
	c, n := cacheOf(t, valkeycache.Opener{Address: p.addr})
	p.inject(answering("-MOVED 866 10.0.0.2:6379\r\n"))
	for range 5 {
		err := c.Set(t.Context(), "k", nil, time.Minute)
		require.ErrorContains(t, err, "MOVED 866 10.0.0.2:6379 (the server is in cluster mode, which valkeycache does not serve)")
	}
	assert.EqualValues(t, 1, n.opened.Load(), "another client would meet the same")
}

func TestACallsErrorHoldsTheCauseOfItsContextsEnd(t *testing.T) {
	p := startProxy(t, newRedis(t).Addr(), nil)
	c, _ := cacheOf(t, valkeycache.Opener{Address: p.addr})
	slow, canceled := errors.New("over the cache's budget"), errors.New("the caller was canceled")
	p.inject(answering(mute))
	ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, slow)
	defer cancel()
	_, err := c.Get(ctx, "k")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, err, slow)
	require.EqualError(t, err, "valkeycache: get from "+p.addr+": context deadline exceeded: over the cache's budget")

	ctx, stop := context.WithCancelCause(t.Context())
	time.AfterFunc(20*time.Millisecond, func() { stop(canceled) })
	err = c.Delete(ctx, "k")
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, canceled)
	require.NotErrorIs(t, err, context.DeadlineExceeded)
}

// requireNothingOf fails if text holds six characters in a row of any secret.
func requireNothingOf(t testing.TB, text string, keys ...string) {
	t.Helper()
	for _, key := range keys {
		for i := range len(key) - 5 {
			require.NotContains(t, text, key[i:i+6])
		}
	}
}

// every returns the texts of an error and of all errors in its chain, under several verbs.
func every(err error) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v %+v %#v %q", err, err, err, err)
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			b.WriteString(every(inner))
		}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			b.WriteString(every(inner))
		}
	}
	return b.String()
}

func TestNoErrorHoldsAPasswordThatTheServerQuotes(t *testing.T) {
	for name, answer := range map[string]string{
		"whole":               "-ERR bad password " + password,
		"its beginning":       "-ERR unknown command 'AUTH', with args beginning with: '" + password[:12],
		"its end":             "-WRONGPASS no user has ..." + password[10:],
		"twice":               "-NOAUTH " + password + " " + password,
		"as the code":         "-" + password + " is wrong",
		"in a message's text": "-LOADING " + password[3:9],
	} {
		t.Run(name, func(t *testing.T) {
			p := startProxy(t, newRedis(t).Addr(), nil)
			o := valkeycache.Opener{Address: p.addr, Source: text(password)}
			p.inject(answering(answer+"\r\n", "AUTH"))
			_, err := o.Open(t.Context())
			require.ErrorContains(t, err, "REDACTED")
			requireNothingOf(t, every(err), password)

			p.inject(answering("+OK\r\n", "AUTH"))
			c, _ := cacheOf(t, o)
			p.inject(answering(answer+"\r\n", "GET", "SET", "EVAL", "DEL"))
			for _, calls := range []map[string]func(context.Context) error{reads(c), writes(c)} {
				for _, call := range calls {
					err := call(t.Context())
					require.Error(t, err)
					requireNothingOf(t, every(err), password)
				}
			}
		})
	}
}

func TestAScrubbedAnswerIsStillStale(t *testing.T) {
	p := startProxy(t, newRedis(t).Addr(), nil)
	p.inject(answering("+OK\r\n", "AUTH"))
	c, _ := cacheOf(t, valkeycache.Opener{Address: p.addr, Source: text(password)})
	p.inject(answering("-WRONGPASS "+password+" is not it\r\n", "GET"))
	_, err := c.Get(t.Context(), "k")
	require.ErrorContains(t, err, "WRONGPASS REDACTED is not it")
	assert.True(t, valkeycache.IsStale(err))
}

func TestScrubbingTakesPiecesOfSixAndShortPasswordsWhole(t *testing.T) {
	for _, tt := range []struct{ text, password, want string }{
		{"no secret here", "hunter2-hunter2", "no secret here"},
		{"hunte hunter hunter2-", "hunter2-hunter2", "hunte REDACTED REDACTED"},
		{"is abc it", "abc", "is REDACTED it"},
		{"nothing", "", "nothing"},
		{"xhunter2-hunter2hunter2", "hunter2-hunter2", "xREDACTEDREDACTED"},
	} {
		assert.Equal(t, tt.want, valkeycache.Scrub(tt.text, tt.password))
	}
}

func TestNothingPrintsThePasswordOfAClient(t *testing.T) {
	p := startProxy(t, newRedis(t).Addr(), nil)
	p.inject(answering("+OK\r\n", "AUTH"))
	o := valkeycache.Opener{Address: p.addr, Source: text(password)}
	client, err := o.Open(t.Context())
	require.NoError(t, err)
	defer client.Close()
	for _, v := range []any{client, &client, []any{client}, o} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			requireNothingOf(t, fmt.Sprintf(verb, v), password)
		}
	}
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("made", "client", client, "opener", valkeycache.Opener{Address: p.addr})
	requireNothingOf(t, out.String(), password)
}
