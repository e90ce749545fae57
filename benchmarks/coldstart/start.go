package coldstart

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"time"
)

// Start is one start of a function. Times are since the start of the process.
type Start struct {
	Program  string
	Scenario string
	Ready    time.Duration // the function polls for its first request
	First    Request       // for a user in the table, but not in the cache
	Second   Request       // for the same user
	Contact  time.Duration // the first connection or request at a server other than the Runtime API
	Loads    int           // of the user from the table; 1 if the second request was a cache hit
}

// Request is one request to a function.
type Request struct {
	From, To time.Duration
	Status   int    // HTTP; 0 means none
	Err      string `json:",omitempty"` // if there was no response or a wrong one
}

// Took returns how long the caller waited.
func (r Request) Took() time.Duration { return r.To - r.From }

// Good reports whether the caller got the user.
func (r Request) Good() bool { return r.Status == http.StatusOK && r.Err == "" }

const event = `{"httpMethod":"GET","resource":"/users/{username}","path":"/users/ann","pathParameters":{"username":"ann"},` +
	`"headers":{},"requestContext":{"requestId":"1","stage":"prod"},"isBase64Encoded":false}`

// readyLimit is Lambda's limit on the Init phase.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
const readyLimit = 10 * time.Second

// start starts a process with env added to its usual environment, sends two requests to it and ends
// it. As on Lambda, a process that has not answered within limit is killed and gets no second
// request.
func start(ctx context.Context, path, scenario string, limit time.Duration, l *log, env ...string) (s Start, err error) {
	w, err := newWorld(scenario)
	if err != nil {
		return s, err
	}
	defer w.end()
	cmd := exec.CommandContext(ctx, path)
	cmd.Env, cmd.Stdout, cmd.Stderr = slices.Concat(w.env, env), l, l
	began := time.Now()
	l.began = began
	if err := cmd.Start(); err != nil {
		return s, fmt.Errorf("coldstart: %w", err)
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait()
	}()
	defer func() {
		_ = cmd.Process.Kill()
		<-exited
		if err != nil {
			err = fmt.Errorf("coldstart: %s, %s: %w; its log: %.2000s", path, scenario, err, l.text.String())
		}
	}()

	s.Scenario = scenario
	select {
	case <-w.api.ready:
	case <-exited:
		return s, errors.New("the process ended before it was ready")
	case <-time.After(readyLimit):
		return s, errors.New("not ready in time")
	}
	s.Ready = time.Since(began)
	s.First = request(ctx, w.api, began, limit)
	if s.First.Status != 0 {
		s.Second = request(ctx, w.api, began, limit)
	}
	s.Loads = int(w.loads.Load())
	select {
	case at := <-w.contacted:
		s.Contact = at.Sub(began)
	default:
	}
	if isWell(scenario) && !(s.First.Good() && s.Second.Good()) {
		return s, fmt.Errorf("answered %q and %q although all was well", s.First.Err, s.Second.Err)
	}
	return s, ctx.Err()
}

func request(ctx context.Context, api *runtimeAPI, began time.Time, limit time.Duration) Request {
	handed, response, err := api.invoke(ctx, event, limit)
	r := Request{From: handed.Sub(began), To: time.Since(began)}
	if err != nil {
		r.Err = err.Error()
		return r
	}
	var out struct {
		StatusCode int
		Body       string
	}
	if err := json.Unmarshal(response, &out); err != nil {
		r.Err = err.Error()
		return r
	}
	r.Status = out.StatusCode
	if r.Status != http.StatusOK {
		r.Err = fmt.Sprintf("%.200s", response)
		return r
	}
	var body struct{ User struct{ Username string } }
	if err := json.Unmarshal([]byte(out.Body), &body); err != nil || body.User.Username != "ann" {
		r.Err = fmt.Sprintf("another body than ann's: %.200s", out.Body)
	}
	return r
}
