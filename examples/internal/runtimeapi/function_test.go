package runtimeapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/stretchr/testify/require"

	"github.com/warmclient/warmclient/examples/internal/runtimeapi"
)

// The function of these tests is the test binary, started with this environment variable.
const asFunction = "RUNTIMEAPI_TEST_FUNCTION"

func TestMain(m *testing.M) {
	switch os.Getenv(asFunction) {
	case "":
		os.Exit(m.Run())
	case "plain":
		lambda.Start(handle)
	case "closes":
		lambda.StartWithOptions(handle, lambda.WithEnableSIGTERM(func() {
			log.Print("closed")
			os.Exit(0)
		}))
	case "never closes":
		lambda.StartWithOptions(handle, lambda.WithEnableSIGTERM(func() { select {} }))
	case "fails in init":
		url := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/init/error"
		r, err := http.Post(url, "application/json", strings.NewReader(`{"errorType": "Config.Missing", "errorMessage": "no table"}`))
		if err != nil || r.StatusCode != http.StatusAccepted {
			log.Fatal(r, err)
		}
		os.Exit(1)
	case "ends in init":
		log.Print("no table")
		os.Exit(3)
	case "leaves the API to the test":
		fmt.Println(os.Getenv("AWS_LAMBDA_RUNTIME_API"))
		time.Sleep(time.Hour)
	case "hangs in init":
		select {}
	}
}

// request says what the function must do; seen is the data that it got from the runtime.
type request struct {
	Do    string
	Sleep time.Duration
}

type seen struct {
	RequestID, ARN, TraceID, Name string
	Deadline                      time.Time
}

var meeting = sync.WaitGroup{} // of the invocations that wait for each other

func init() { meeting.Add(concurrency) }

const concurrency = 4

func handle(ctx context.Context, in request) (any, error) {
	switch in.Do {
	case "fail":
		return nil, errors.New("no such user")
	case "panic":
		panic("boom")
	case "exit":
		os.Exit(7)
	case "sleep":
		time.Sleep(in.Sleep)
	case "meet":
		meeting.Done()
		meeting.Wait()
	case "stream":
		return stream{Reader: strings.NewReader("streamed")}, nil
	case "break the stream":
		return stream{Reader: io.MultiReader(strings.NewReader("stre"), broken{})}, nil
	case "die in the stream":
		return stream{Reader: io.MultiReader(strings.NewReader("stre"), dying{})}, nil
	case "too much":
		return strings.Repeat("x", 7<<20), nil
	}
	lc, _ := lambdacontext.FromContext(ctx)
	trace, _ := ctx.Value("x-amzn-trace-id").(string)
	deadline, _ := ctx.Deadline()
	return seen{lc.AwsRequestID, lc.InvokedFunctionArn, trace, lambdacontext.FunctionName, deadline}, nil
}

// stream is not a type that encoding/json knows, because the runtime does not stream such types.
type stream struct {
	io.Reader
	NotJSON func()
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the source broke") }

type dying struct{}

func (dying) Read([]byte) (int, error) {
	os.Exit(9)
	return 0, nil
}

func start(t *testing.T, kind string, o runtimeapi.Options) *runtimeapi.Process {
	t.Helper()
	path, err := os.Executable()
	require.NoError(t, err)
	o.Path = path
	o.Env = append(o.Env, fmt.Sprintf("%s=%s", asFunction, kind))
	p, err := runtimeapi.Start(o)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, p.Close())
		if t.Failed() {
			t.Log(p.Log())
		}
	})
	return p
}

func do(what string) runtimeapi.Invocation {
	return runtimeapi.Invocation{Payload: fmt.Appendf(nil, `{"do": %q}`, what)}
}
