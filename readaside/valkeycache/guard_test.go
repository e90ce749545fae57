package valkeycache_test

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/readaside/valkeycache"
)

func TestAGuardFindsTheEndsOfMessages(t *testing.T) {
	for text, want := range map[string]int{
		"+OK\r\n":                          1,
		"-ERR no\r\n:-5\r\n":               2,
		"$-1\r\n*-1\r\n*0\r\n$0\r\n\r\n":   4,
		"$4\r\n\r\n+1\r\n":                 1,
		"*2\r\n$1\r\na\r\n*1\r\n:1\r\n":    1,
		"*1\r\n*1\r\n*1\r\n+OK\r\n+OK\r\n": 2,
		"$10\r\n0123456789\r\n+OK\r\n":     2,
		"+\r\n":                            1,
	} {
		for size := 1; size <= len(text); size++ {
			ends, err := valkeycache.Frames(text, size)
			require.NoError(t, err, "%q", text)
			require.Equal(t, want, ends, "%q in pieces of %d", text, size)
		}
	}
}

func TestAGuardRefusesWhatTheClientPanicsAt(t *testing.T) {
	for _, text := range []string{
		"HTTP/1.1 400\r\n", "\r\n", "_\r\n", "%1\r\n", "$-2\r\n", "*-5\r\n", "$\r\n", "$-\r\n", "*\r\n", "$1a\r\n", "$--1\r\n", "$1-\r\n",
		"$536870913\r\n", "$99999999999999999999\r\n", "*99999999999\r\n", "*1048577\r\n", strings.Repeat("*1\r\n", 129),
		"$11\n", "*11\n", "$1\r1\n", "$1\r\r\n",
	} {
		for size := 1; size <= len(text); size++ {
			_, err := valkeycache.Frames(text, size)
			require.ErrorIs(t, err, valkeycache.ErrProtocol, "%q in pieces of %d", text, size)
		}
	}
}

func TestAGuardLetsInAnAnswerToEachCommandAndNoMore(t *testing.T) {
	const get, answer = "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "$1\r\nv\r\n"
	for text, want := range map[string]string{answer: answer, answer + answer: "", answer + "+": ""} {
		ours, theirs := net.Pipe()
		conn := valkeycache.Guard(ours)
		go func() {
			_, _ = io.ReadFull(theirs, make([]byte, len(get)))
			_, _ = theirs.Write([]byte(text))
			_ = theirs.Close()
		}()
		for _, part := range []string{get[:7], get[7:]} {
			_, err := conn.Write([]byte(part))
			require.NoError(t, err)
		}
		buf := make([]byte, 64)
		n, err := conn.Read(buf)
		assert.Equal(t, want, string(buf[:n]))
		assert.Equal(t, want == "", err != nil, "%v", err)
		_ = conn.Close()
	}
}

func FuzzFrames(f *testing.F) {
	for _, seed := range []string{"+OK\r\n", "$-1\r\n", "*2\r\n$1\r\na\r\n*1\r\n:1\r\n", "$5\r\nab"} {
		f.Add(seed, 3)
	}
	f.Fuzz(func(t *testing.T, text string, size int) {
		whole, err := valkeycache.Frames(text, len(text)+1)
		pieces, inPieces := valkeycache.Frames(text, max(size, 1))
		assert.Equal(t, err == nil, inPieces == nil)
		if err == nil {
			assert.Equal(t, whole, pieces)
			assert.Equal(t, whole == 0, text == "")
		}
	})
}
