package awshttp

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// attemptError says that an attempt had no answer within its limit. The SDK retries it, as it does
// every error of an exchange while the context of the call has not ended.
type attemptError struct {
	host  string
	limit time.Duration
}

func (e *attemptError) Error() string {
	return fmt.Sprintf("no answer from %s within the attempt's %v", e.host, e.limit)
}

func (e *attemptError) Timeout() bool { return true }

// limitOf returns the limit of an attempt: it doubles with each.
func (c *Client) limitOf(req *http.Request) time.Duration {
	const most = 10 // of what the limit is shifted by: a Retryer of the user's may have any number
	return c.attempt << min(attemptOf(req)-1, most)
}

// attemptOf returns the number of an attempt, from 1, which the SDK sends to the service:
// "attempt=2; max=10".
func attemptOf(req *http.Request) int {
	for field := range strings.SplitSeq(req.Header.Get("Amz-Sdk-Request"), ";") {
		if n, ok := strings.CutPrefix(strings.TrimSpace(field), "attempt="); ok {
			if attempt, err := strconv.Atoi(n); err == nil {
				return max(attempt, 1)
			}
		}
	}
	return 1
}

// body tells when it is closed.
type body struct {
	io.ReadCloser
	closed func()
}

func (b *body) Close() error {
	defer b.closed()
	return b.ReadCloser.Close()
}

// redirect follows what keeps the method, as the SDK's client does, without the session's token
// where the host is another.
func redirect(req *http.Request, via []*http.Request) error {
	switch req.Response.StatusCode {
	case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		if len(via) >= 10 {
			return fmt.Errorf("stopped after %d redirects", len(via))
		}
		if via[len(via)-1].URL.Host != req.URL.Host {
			req.Header.Del("X-Amz-Security-Token")
		}
		return nil
	default:
		return http.ErrUseLastResponse
	}
}
