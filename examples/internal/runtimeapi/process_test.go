package runtimeapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/internal/runtimeapi"
)

func TestInvokeSendsTheHeadersOfLambda(t *testing.T) {
	t.Parallel()
	p := start(t, "plain", runtimeapi.Options{Name: "getuser", Timeout: time.Minute})

	in := runtimeapi.Invocation{Payload: []byte(`{}`), TraceID: "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0"}
	first := invoke(t, p, in)
	assert.Equal(t, in.TraceID, first.TraceID)
	assert.Equal(t, "getuser", first.Name)
	assert.Equal(t, "arn:aws:lambda:us-east-1:123456789012:function:getuser", first.ARN)
	assert.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, first.RequestID)
	assert.WithinDuration(t, time.Now().Add(time.Minute), first.Deadline, 30*time.Second)

	in.TraceID, in.Timeout = "", time.Hour
	second := invoke(t, p, in)
	assert.NotEqual(t, first.RequestID, second.RequestID)
	assert.Regexp(t, `^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$`, second.TraceID)
	assert.WithinDuration(t, time.Now().Add(time.Hour), second.Deadline, 30*time.Second)
}

func invoke(t *testing.T, p *runtimeapi.Process, in runtimeapi.Invocation) seen {
	t.Helper()
	out, err := p.Invoke(t.Context(), in)
	require.NoError(t, err)
	var s seen
	require.NoError(t, json.Unmarshal(out, &s), "%s", out)
	return s
}

func TestInvokeReturnsTheFunctionsErrorAndTheProcessLivesOn(t *testing.T) {
	t.Parallel()
	p := start(t, "plain", runtimeapi.Options{})
	_, err := p.Invoke(t.Context(), do("fail"))
	failed, ok := errors.AsType[*runtimeapi.FunctionError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, "errorString", failed.Type)
	assert.Equal(t, "no such user", failed.Message)
	invoke(t, p, do("answer"))
}

func TestInvokeReturnsAPanicWithItsStackAndTheProcessEnds(t *testing.T) {
	t.Parallel()
	p := start(t, "plain", runtimeapi.Options{})
	_, err := p.Invoke(t.Context(), do("panic"))
	failed, ok := errors.AsType[*runtimeapi.FunctionError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, "boom", failed.Message)
	assert.True(t, slices.ContainsFunc(failed.Stack, func(f runtimeapi.Frame) bool {
		return f.Label == "handle" && strings.HasSuffix(f.Path, "function_test.go") && f.Line > 0
	}), "%+v", failed.Stack)
	<-p.Exited()
	_, err = p.Invoke(t.Context(), do("answer"))
	assertExited(t, err, 1)
}

func TestInvokeReturnsAStreamedResponseAndTheErrorBehindIt(t *testing.T) {
	t.Parallel()
	p := start(t, "plain", runtimeapi.Options{})
	out, err := p.Invoke(t.Context(), do("stream"))
	require.NoError(t, err)
	assert.Equal(t, "streamed", string(out))

	out, err = p.Invoke(t.Context(), do("break the stream"))
	failed, ok := errors.AsType[*runtimeapi.FunctionError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, "the source broke", failed.Message)
	assert.Equal(t, "stre", string(out))
}

func TestInvokeRefusesAResponseOfMoreThanLambdaTakes(t *testing.T) {
	t.Parallel()
	p := start(t, "plain", runtimeapi.Options{Timeout: 20 * time.Second})
	_, err := p.Invoke(t.Context(), do("too much"))
	failed, ok := errors.AsType[*runtimeapi.FunctionError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, "Function.ResponseSizeTooLarge", failed.Type)
}

func TestInvokeKillsAProcessThatHasNotAnsweredAtTheDeadline(t *testing.T) {
	t.Parallel()
	p := start(t, "plain", runtimeapi.Options{})
	in := runtimeapi.Invocation{Payload: []byte(`{"do": "sleep", "sleep": 60000000000}`), Timeout: 50 * time.Millisecond}
	_, err := p.Invoke(t.Context(), in)
	timeout, ok := errors.AsType[*runtimeapi.TimeoutError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, in.Timeout, timeout.After)
	<-p.Exited()
}

func TestInvokeReturnsWhenTheProcessEndsInstead(t *testing.T) {
	t.Parallel()
	p := start(t, "plain", runtimeapi.Options{})
	_, err := p.Invoke(t.Context(), do("exit"))
	assertExited(t, err, 7)
}

func TestInvokeReturnsWhenTheProcessEndsInTheMiddleOfItsResponse(t *testing.T) {
	t.Parallel()
	p := start(t, "plain", runtimeapi.Options{})
	_, err := p.Invoke(t.Context(), do("die in the stream"))
	assertExited(t, err, 9)
}

func TestAnInvocationWithoutAWaiterIsEndedAtItsDeadline(t *testing.T) {
	t.Parallel()
	p := start(t, "plain", runtimeapi.Options{})
	require.NoError(t, p.Ready(t.Context()))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := p.Invoke(ctx, runtimeapi.Invocation{
		Payload: []byte(`{"do": "sleep", "sleep": 60000000000}`), Timeout: 200 * time.Millisecond,
	})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	<-p.Exited()
}

func TestInvokeReturnsTheCauseOfItsContextAndTheInvocationGoesOn(t *testing.T) {
	t.Parallel()
	p := start(t, "plain", runtimeapi.Options{})
	require.NoError(t, p.Ready(t.Context()))
	gone := errors.New("the client was canceled")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(20*time.Millisecond, func() { cancel(gone) })
	_, err := p.Invoke(ctx, runtimeapi.Invocation{Payload: []byte(`{"do": "sleep", "sleep": 200000000}`)})
	require.ErrorIs(t, err, gone)
	invoke(t, p, do("answer"))
}

func TestAProcessThatPollsInParallelIsInvokedInParallel(t *testing.T) {
	t.Parallel()
	p := start(t, "plain", runtimeapi.Options{Concurrency: concurrency, Timeout: 20 * time.Second})
	var wg sync.WaitGroup
	for range concurrency {
		wg.Go(func() {
			_, err := p.Invoke(t.Context(), do("meet")) // returns only when all invocations run
			assert.NoError(t, err)
		})
	}
	wg.Wait()
}

func TestReadyReturnsWhatWentWrongInInit(t *testing.T) {
	t.Parallel()
	t.Run("an error of the function's own", func(t *testing.T) {
		t.Parallel()
		p := start(t, "fails in init", runtimeapi.Options{})
		failed, ok := errors.AsType[*runtimeapi.FunctionError](p.Ready(t.Context()))
		require.True(t, ok)
		assert.Equal(t, &runtimeapi.FunctionError{Type: "Config.Missing", Message: "no table"}, failed)
	})
	t.Run("the end of the process", func(t *testing.T) {
		t.Parallel()
		p := start(t, "ends in init", runtimeapi.Options{})
		assertExited(t, p.Ready(t.Context()), 3)
		assert.Contains(t, p.Log(), "no table")
	})
	t.Run("neither in time", func(t *testing.T) {
		t.Parallel()
		p := start(t, "hangs in init", runtimeapi.Options{})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, p.Ready(ctx), context.DeadlineExceeded)
	})
}

func TestReadyIsStillReadyAfterTheProcessHasEnded(t *testing.T) {
	t.Parallel()
	p := start(t, "plain", runtimeapi.Options{})
	require.NoError(t, p.Ready(t.Context()))
	require.NoError(t, p.Close())
	require.NoError(t, p.Ready(t.Context()))
}

func TestShutdownSendsSIGTERMToAFunctionThatAskedForIt(t *testing.T) {
	t.Parallel()
	p := start(t, "closes", runtimeapi.Options{})
	invoke(t, p, do("answer"))
	require.NoError(t, p.Shutdown(t.Context()))
	assert.Contains(t, p.Log(), "closed")
	require.NoError(t, p.Shutdown(t.Context()), "again")
}

func TestShutdownKillsAFunctionThatDidNotAskForSIGTERM(t *testing.T) {
	t.Parallel()
	p := start(t, "plain", runtimeapi.Options{})
	require.NoError(t, p.Ready(t.Context()))
	_, ok := errors.AsType[*runtimeapi.ExitError](p.Shutdown(t.Context()))
	require.True(t, ok)
}

func TestShutdownKillsAFunctionThatDoesNotEndInTime(t *testing.T) {
	t.Parallel()
	p := start(t, "never closes", runtimeapi.Options{})
	require.NoError(t, p.Ready(t.Context()))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err := p.Shutdown(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	_, ok := errors.AsType[*runtimeapi.ExitError](err)
	require.True(t, ok)
}

func TestTheFunctionsEnvironmentIsLambdasAndNothingElse(t *testing.T) {
	t.Setenv("RUNTIMEAPI_TEST_STRAY", "x")
	script := filepath.Join(t.TempDir(), "bootstrap")
	require.NoError(t, os.WriteFile(script, []byte("#!/bin/sh\nenv\n"), 0o755))
	p, err := runtimeapi.Start(runtimeapi.Options{Path: script, Concurrency: 16, Env: []string{"TABLE_NAME=accounts"}})
	require.NoError(t, err)
	defer p.Close()
	assertExited(t, p.Ready(t.Context()), 0)
	for _, line := range []string{"AWS_LAMBDA_MAX_CONCURRENCY=16", "AWS_LAMBDA_FUNCTION_NAME=bootstrap",
		"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "TABLE_NAME=accounts"} {
		assert.Contains(t, p.Log(), line+"\n")
	}
	assert.NotContains(t, p.Log(), "RUNTIMEAPI_TEST_STRAY")
}

func TestStartFailsWithoutTheExecutable(t *testing.T) {
	_, err := runtimeapi.Start(runtimeapi.Options{Path: "/no/such/bootstrap"})
	require.ErrorIs(t, err, os.ErrNotExist)
}

func assertExited(t *testing.T, err error, status int) {
	t.Helper()
	exited, ok := errors.AsType[*runtimeapi.ExitError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, status, exited.State.ExitCode())
}
