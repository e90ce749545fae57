package runtimeapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Options are the options of [Start]. Path is required.
type Options struct {
	Path        string        // the executable
	Name        string        // of the function; default is the last element of Path
	Env         []string      // in addition to Lambda's variables, in the form of os.Environ; nothing else is inherited
	Concurrency int           // AWS_LAMBDA_MAX_CONCURRENCY; 0 means not set, as on an instance that serves one request at a time
	Timeout     time.Duration // of an invocation without a Timeout; default 3s, as on Lambda
}

// A Process is a running function. It is safe for concurrent use by multiple goroutines.
type Process struct {
	name    string
	timeout time.Duration
	cmd     *exec.Cmd
	server  *http.Server
	served  chan struct{} // closed when the server has stopped
	log     *output

	invocations chan *invocation // unbuffered: an invocation waits for an open poll
	ready       chan struct{}    // closed when the Init phase has ended
	extended    chan struct{}    // closed when an extension has registered
	exited      chan struct{}    // closed after state is set

	state *ExitError // valid once exited is closed

	mu         sync.Mutex
	running    map[string]*invocation // by request id
	answered   map[string]bool        // since the last hand-over, by request id
	initErr    *FunctionError         // posted to init/error
	polled     bool                   // for the first invocation
	extensions map[string]*extension  // by name
}

// Start starts the process. The caller must call Close.
func Start(o Options) (*Process, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("runtimeapi: %w", err)
	}
	p := &Process{
		name:        cmp.Or(o.Name, filepath.Base(o.Path)),
		timeout:     cmp.Or(o.Timeout, 3*time.Second),
		served:      make(chan struct{}),
		log:         &output{},
		invocations: make(chan *invocation),
		ready:       make(chan struct{}),
		extended:    make(chan struct{}),
		exited:      make(chan struct{}),
		running:     map[string]*invocation{},
		answered:    map[string]bool{},
		extensions:  map[string]*extension{},
	}
	p.server = &http.Server{Handler: p.handler(), ReadHeaderTimeout: 10 * time.Second}
	p.cmd = exec.Command(o.Path)
	p.cmd.Env = append(p.environ(listener.Addr().String(), o.Concurrency), o.Env...)
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("runtimeapi: start %s: %w", p.name, err), listener.Close())
	}
	go func() {
		defer close(p.served)
		_ = p.server.Serve(listener) // returns only after the listener is closed
	}()
	go func() {
		defer close(p.exited)
		err := p.cmd.Wait()
		p.state = &ExitError{Function: p.name, State: p.cmd.ProcessState, Err: err}
	}()
	return p, nil
}

// environ returns the variables that Lambda sets for a function on an OS-only runtime, without the
// credentials.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func (p *Process) environ(api string, concurrency int) []string {
	env := []string{
		"AWS_LAMBDA_RUNTIME_API=" + api,
		"AWS_REGION=us-east-1",
		"AWS_DEFAULT_REGION=us-east-1",
		"AWS_LAMBDA_FUNCTION_NAME=" + p.name,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128",
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + p.name,
		"AWS_LAMBDA_LOG_STREAM_NAME=local",
		"_HANDLER=bootstrap",
		"LAMBDA_TASK_ROOT=" + filepath.Dir(p.cmd.Path),
		"LANG=en_US.UTF-8",
		"TZ=:UTC",
		"PATH=/usr/local/bin:/usr/bin:/bin",
	}
	if concurrency > 0 {
		env = append(env, "AWS_LAMBDA_MAX_CONCURRENCY="+strconv.Itoa(concurrency))
	}
	return env
}

// Ready waits for the end of the Init phase: the process has polled for its first invocation, and
// each of its registered extensions has asked for its first event. The error is a *FunctionError if
// the process reported an error, an *ExitError if it ended, or the cause of ctx.
func (p *Process) Ready(ctx context.Context) error {
	select {
	case <-p.ready:
		return nil
	case <-p.exited:
	case <-ctx.Done():
		return fmt.Errorf("runtimeapi: %s is not ready: %w", p.name, context.Cause(ctx))
	}
	select {
	case <-p.ready: // the process ended after the Init phase
		return nil
	default:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.initErr != nil {
		return p.initErr
	}
	return p.state
}

// Log returns the standard output and error of the process so far.
func (p *Process) Log() string { return p.log.String() }

// Exited returns a channel that is closed when the process has ended and its log is complete.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Shutdown ends the process as Lambda does. It sends SIGTERM if an extension has registered, and
// SIGKILL otherwise. If ctx is done before the process has ended, Shutdown sends SIGKILL. It
// returns when the process has ended: nil for status 0, otherwise an *ExitError, joined with the
// cause of ctx.
func (p *Process) Shutdown(ctx context.Context) error {
	signal := syscall.SIGKILL
	select {
	case <-p.extended:
		signal = syscall.SIGTERM
	default:
	}
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("runtimeapi: shut %s down: %w", p.name, err)
	}
	p.wake() // Lambda thaws an environment to shut it down
	var late error
	select {
	case <-p.exited:
	case <-ctx.Done():
		late = context.Cause(ctx)
		_ = p.cmd.Process.Kill() // fails if the process has ended
		<-p.exited
	}
	if p.state.State.Success() {
		return late
	}
	return errors.Join(late, p.state)
}

// Close kills the process if it is running, and returns when the process and the server have ended.
// Further calls do nothing.
func (p *Process) Close() error {
	_ = p.cmd.Process.Kill() // fails if the process has ended
	<-p.exited
	err := p.server.Close()
	<-p.served
	return err
}
