package awshttp

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// attemptError is the error of an attempt that got no answer within its limit. The SDK retries it,
// as it retries every transport error until the context of the call is done.
type attemptError struct {
	host  string
	limit time.Duration
}

func (e *attemptError) Error() string {
	return fmt.Sprintf("no answer from %s within the attempt's %v", e.host, e.limit)
}

func (e *attemptError) Timeout() bool { return true }

// limitOf returns the limit of an attempt, which doubles with each attempt.
func (c *Client) limitOf(req *http.Request) time.Duration {
	const most = 10 // prevents overflow: a custom Retryer may make any number of attempts
	return c.attempt << min(attemptOf(req)-1, most)
}

// attemptOf returns the number of an attempt, counted from 1. The SDK sends it to the service as
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

// body calls closed when it is closed.
type body struct {
	io.ReadCloser
	closed func()
}

func (b *body) Close() error {
	defer b.closed()
	return b.ReadCloser.Close()
}

// redirect follows only redirects that keep the method, as the SDK's client does. It removes the
// session token if the host changes.
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
